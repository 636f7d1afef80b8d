import { hill, mix, smoothstep } from "./weights.js";

export const LINE_Y = 63; // where the closed lips meet
const HALF_WIDTH = 24;
const STEPS = 32;

/** Weights of shapes that act on the whole mouth, and what follows from several of them together. */
function summary(w) {
  const jawOpen = w("jawOpen");
  const close = w("mouthClose");
  const tongue = w("tongueOut");
  const funnel = w("mouthFunnel");
  const pucker = w("mouthPucker") * (1 - 0.45 * funnel);
  return {
    jawOpen,
    funnel,
    pucker,
    tongue,
    round: Math.min(1, funnel + pucker),
    open: Math.max(0, jawOpen - close, 0.22 * smoothstep(0.1, 0.8, tongue) * (1 - close)),
    sealed: Math.min(jawOpen, close), // closed lips over an open jaw
    tight: Math.max(0, close - jawOpen), // lips closed harder than closed
    puff: w("cheekPuff"),
    shrugLower: w("mouthShrugLower"),
    shrugUpper: w("mouthShrugUpper"),
    rollLower: w("mouthRollLower"),
    rollUpper: w("mouthRollUpper"),
    shift: w("mouthLeft") - w("mouthRight"),
    jawShift: w("jawLeft") - w("jawRight"),
    jawForward: w("jawForward"),
  };
}

/** How the corner of one side moves: outwards, and down, in head units. */
function corner(w, m, side) {
  const smile = w("mouthSmile", side);
  const frown = w("mouthFrown", side);
  const stretch = w("mouthStretch", side);
  const narrow = (1 - 0.46 * m.funnel) * (1 - 0.56 * m.pucker) * (1 - 0.1 * m.open) * (1 - 0.08 * m.puff);
  const out = 8 * smile + 1.5 * frown + 9.5 * stretch + 4 * w("mouthDimple", side) + 1.5 * w("mouthPress", side)
    + 1.5 * w("mouthLowerDown", side) + 1.5 * w("mouthUpperUp", side);
  const away = m.shift * side; // > 0: the mouth goes to this side
  return {
    out: (HALF_WIDTH + out) * narrow - 3 * Math.max(0, away),
    down: -2.8 - 9.5 * smile + 9.5 * frown + 2.5 * stretch - 1.2 * w("mouthDimple", side) + 8 * m.jawOpen - 1.5 * away
      - 2.5 * m.shrugLower + 1.5 * m.shrugUpper - 1 * m.tight,
    back: -3 * w("mouthDimple", side) - 2 * smile - 2.5 * stretch,
  };
}

/** How far the inner edges of the lips are from the closed line at u (-1..1, along the mouth): [up, down]. */
function gape(w, m, u) {
  const held = 2.5 * w("mouthPress", u) + 2 * m.tight; // what keeps small openings shut
  const up = m.open * (4 + 4.5 * w("mouthSmile", u) + 2 * m.shrugUpper - 3.5 * m.rollUpper) + 4.6 * m.funnel
    + 9 * w("mouthUpperUp", u * 1.6) + 1.5 * w("noseSneer", u) * m.open;
  const down = m.open * (24 - 3 * m.rollLower - 6 * m.shrugLower) + m.funnel * (5 - 2.5 * m.open)
    + 9 * w("mouthLowerDown", u * 1.6);
  const shut = 1 - Math.min(1, 1.5 * m.tight);
  return [Math.max(0, up * shut - held), Math.max(0, down * shut - held)];
}

/** Thickness of the upper and the lower lip in the middle of the curve at u. */
function thickness(w, m, u) {
  const smile = w("mouthSmile", u);
  const flat = (1 - 0.24 * smile) * (1 - 0.3 * w("mouthStretch", u)) * (1 - 0.6 * w("mouthPress", u))
    * (1 - 0.28 * m.tight) * (1 - 0.16 * m.puff) * (1 - 0.1 * w("mouthDimple", u)) * (1 + 0.3 * m.funnel) * (1 + 0.22 * m.pucker);
  return [
    6.6 * flat * (1 - 0.93 * m.rollUpper) * (1 + 0.35 * m.shrugUpper) * (1 - 0.12 * w("mouthUpperUp", u)) * (1 - 0.35 * m.jawForward),
    8.6 * flat * (1 - 0.93 * m.rollLower) * (1 + 0.22 * m.shrugLower) * (1 - 0.12 * w("mouthLowerDown", u)) * (1 + 0.25 * m.jawForward)
      * (1 - 0.12 * m.open),
  ];
}

/**
 * The four edges of the lips as points [x, y, lift] in head units (lift: above the skin), from the viewer's left corner
 * to the right: `upperOuter`, `upperInner`, `lowerInner`, `lowerOuter`; `gap` the greatest distance between the inner
 * ones, and `summary` of the mouth.
 */
export function lipEdges(w) {
  const m = summary(w);
  const corners = { [-1]: corner(w, m, -1), 1: corner(w, m, 1) };
  const ring = 0.8 + 6 * m.funnel + 4.5 * m.pucker;
  const middle = LINE_Y + 11 * m.sealed - 1.6 * m.tight - 4.5 * m.shrugLower - 4.5 * m.shrugUpper - 2.5 * m.jawForward
    - 1.5 * m.rollLower + 1 * m.rollUpper;
  const edges = { upperOuter: [], upperInner: [], lowerInner: [], lowerOuter: [] };
  let gap = 0;
  for (let i = 0; i <= STEPS; i++) {
    const angle = (i / STEPS - 0.5) * Math.PI;
    const u = Math.sin(angle);
    const here = corners[u < 0 ? -1 : 1];
    const end = Math.abs(u) ** 1.7;
    const roundness = Math.cos(angle);
    const base = mix(middle, LINE_Y + here.down, end) + 0.7 * hill(u, 0, 0.35) * (1 - m.round) - 0.5 * hill(Math.abs(u), 0.5, 0.4);
    const opening = roundness ** mix(1.3, 0.95, Math.min(1, m.round + m.open));
    const [up, down] = gape(w, m, u).map((distance) => distance * opening);
    const [thickUpper, thickLower] = thickness(w, m, u);
    const pointed = (1 - Math.abs(u) ** 1.7) ** 1.15;
    const bow = (1 - 0.24 * hill(u, 0, 0.24) * (1 - 0.7 * m.round)) * mix(pointed, roundness ** 0.8, m.round);
    const full = mix(roundness ** 1.45, roundness ** 0.8, m.round);

    const follow = { upper: 1.5 * m.jawShift, lower: 8 * m.jawShift };
    const x = u * here.out + 11 * m.shift;
    const wide = u * (here.out + ring) + 11 * m.shift;
    const drag = mix(m.jawShift * 4.5, follow.lower, roundness);
    const forward = 8 * m.round * (1 - 0.3 * u * u) + here.back * end;
    const upperLift = 3.5 * roundness + forward + 3 * m.shrugUpper - 2 * m.rollUpper;
    const lowerLift = 3 * roundness + forward + 3 * m.shrugLower + 6 * m.jawForward * roundness - 2 * m.rollLower;
    const slant = mix(m.jawShift * 4.5, follow.upper, roundness);
    edges.upperInner.push([x + slant, base - up, upperLift]);
    edges.upperOuter.push([wide + slant, base - up - thickUpper * bow, upperLift - 1]);
    edges.lowerInner.push([x + drag, base + down, lowerLift]);
    edges.lowerOuter.push([wide + drag, base + down + thickLower * full, lowerLift - 1]);
    gap = Math.max(gap, up + down);
  }
  return { ...edges, gap, middle, corners, summary: m };
}
