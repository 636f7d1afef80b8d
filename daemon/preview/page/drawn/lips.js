import { hill, mix, smoothstep } from "./weights.js";

export const LINE_Y = 63; // where the closed lips meet, head units
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

/** Where the corner of one side is: away from the middle, below LINE_Y, and above the skin, head units. */
function corner(w, m, side) {
  const smile = w("mouthSmile", side);
  const frown = w("mouthFrown", side);
  const stretch = w("mouthStretch", side);
  const dimple = w("mouthDimple", side);
  const away = m.shift * side; // > 0: the mouth goes to this side
  const narrow = (1 - 0.46 * m.funnel) * (1 - 0.56 * m.pucker) * (1 - 0.1 * m.open) * (1 - 0.08 * m.puff);
  const out = 8 * smile + 1.5 * frown + 9.5 * stretch + 4 * dimple
    + 1.5 * (w("mouthPress", side) + w("mouthLowerDown", side) + w("mouthUpperUp", side));
  const atRest = -3.8 * (1 - m.round); // slightly pleased
  return {
    out: (HALF_WIDTH + out) * narrow - 3 * Math.max(0, away),
    down: atRest - 9.5 * smile + 9.5 * frown + 2.5 * stretch - 1.2 * dimple + 10.5 * m.jawOpen - 1.5 * away
      - 2.5 * m.shrugLower + 1.5 * m.shrugUpper - m.tight,
    lift: -3 * dimple - 2 * smile - 2.5 * stretch,
  };
}

/** How far the inner edges of the lips would be from the closed line in the middle: [up, down], as it is at u. */
function gape(w, m, u) {
  const held = 2.5 * w("mouthPress", u) + 2 * m.tight; // what keeps small openings shut
  const shut = 1 - Math.min(1, 1.5 * m.tight);
  const up = m.open * (4 + 4.5 * w("mouthSmile", u) + 1.5 * w("noseSneer", u) + 2 * m.shrugUpper - 3.5 * m.rollUpper)
    + 4.6 * m.funnel + 9 * w("mouthUpperUp", u * 1.6);
  const down = m.open * (24 - 3 * m.rollLower - 6 * m.shrugLower)
    + m.funnel * (5 - 2.5 * m.open) + 9 * w("mouthLowerDown", u * 1.6);
  return [Math.max(0, up * shut - held), Math.max(0, down * shut - held)];
}

/** How thick the upper and the lower lip would be in the middle, as it is at u. */
function thickness(w, m, u) {
  const both = (1 - 0.24 * w("mouthSmile", u)) * (1 - 0.3 * w("mouthStretch", u)) * (1 - 0.6 * w("mouthPress", u))
    * (1 - 0.1 * w("mouthDimple", u)) * (1 - 0.28 * m.tight) * (1 - 0.16 * m.puff)
    * (1 + 0.3 * m.funnel) * (1 + 0.22 * m.pucker);
  const upper = (1 - 0.93 * m.rollUpper) * (1 + 0.35 * m.shrugUpper) * (1 - 0.35 * m.jawForward)
    * (1 - 0.12 * w("mouthUpperUp", u));
  const lower = (1 - 0.93 * m.rollLower) * (1 + 0.22 * m.shrugLower) * (1 + 0.25 * m.jawForward)
    * (1 - 0.12 * w("mouthLowerDown", u)) * (1 - 0.12 * m.open);
  return [6.6 * both * upper, 8.6 * both * lower];
}

/** The shares (0 at the corners, 1 in the middle) with which the lips open and thicken at u; round lips are full. */
function profile(m, u) {
  const arch = Math.sqrt(1 - u * u);
  const upper = (1 - 0.24 * (1 - 0.7 * m.round) * hill(u, 0, 0.24)) // the dip of the bow
    * mix((1 - Math.abs(u) ** 1.7) ** 1.15, arch ** 0.8, m.round);
  return {
    arch,
    opening: arch ** mix(1.3, 0.95, Math.min(1, m.round + m.open)),
    upper,
    lower: mix(arch ** 1.45, arch ** 0.8, m.round),
  };
}

/**
 * The four edges of the lips as points [x, y, lift] in head units (lift: above the skin), from the viewer's left corner
 * to the right: `upperOuter`, `upperInner`, `lowerInner`, `lowerOuter`; `gap`, the greatest distance between the inner
 * ones; and the `summary` of the mouth.
 */
export function lipEdges(w) {
  const m = summary(w);
  const corners = [corner(w, m, -1), corner(w, m, 1)];
  const ring = 0.8 + 6 * m.funnel + 4.5 * m.pucker; // flesh beside the inner corners
  const middle = 11 * m.sealed - 1.6 * m.tight - 4.5 * (m.shrugLower + m.shrugUpper) - 2.5 * m.jawForward
    - 1.5 * m.rollLower + m.rollUpper;
  const edges = { upperOuter: [], upperInner: [], lowerInner: [], lowerOuter: [], gap: 0, summary: m };
  for (let i = 0; i <= STEPS; i++) {
    const u = Math.sin((i / STEPS - 0.5) * Math.PI); // dense at the corners
    const end = u * u;
    const here = corners[u < 0 ? 0 : 1];
    const share = profile(m, u);
    const [up, down] = gape(w, m, u).map((distance) => distance * share.opening);
    const [upper, lower] = thickness(w, m, u);

    const wave = 0.6 * hill(u, 0, 0.5) * (1 - m.round) - 0.5 * hill(Math.abs(u), 0.5, 0.4);
    const line = LINE_Y + mix(middle, here.down, end) + wave;
    const x = u * here.out + 11 * m.shift;
    const upperX = x + m.jawShift * mix(4.5, 1.5, share.arch); // the jaw takes the lower lip along
    const lowerX = x + m.jawShift * mix(4.5, 8, share.arch);
    const forward = 8 * m.round * (1 - 0.3 * u * u) + here.lift * end;
    const upperLift = forward + 3.5 * share.arch + 3 * m.shrugUpper - 2 * m.rollUpper;
    const lowerLift = forward + (3 + 6 * m.jawForward) * share.arch + 3 * m.shrugLower - 2 * m.rollLower;

    edges.upperOuter.push([upperX + u * ring, line - up - upper * share.upper, upperLift - 1]);
    edges.upperInner.push([upperX, line - up, upperLift]);
    edges.lowerInner.push([lowerX, line + down, lowerLift]);
    edges.lowerOuter.push([lowerX + u * ring, line + down + lower * share.lower, lowerLift - 1]);
    edges.gap = Math.max(edges.gap, up + down);
  }
  return edges;
}
