import { blend, blob, crease, polygon, ramp, ribbon, rgba } from "./brush.js";
import { COLOURS as C } from "./colours.js";
import { mix } from "./weights.js";

const CENTRE_X = 34; // head units, as all here
const HALF_WIDTH = 20.5;
const EYEBALL = 18; // radius
const IRIS = 10.4; // radius
const STEPS = 20;

/** Gaze of one eye, radians: to the viewer's right and down. */
function gaze(w, side) {
  return {
    x: 0.5 * side * (w("eyeLookOut", side) - w("eyeLookIn", side)),
    y: 0.44 * (w("eyeLookDown", side) - w("eyeLookUp", side)),
  };
}

/** How high above and below the corners the lids of one eye arch, and what else shapes them. */
function lidShape(w, side) {
  const [up, down, squint] = [w("eyeLookUp", side), w("eyeLookDown", side), w("eyeSquint", side)];
  const blink = w("eyeBlink", side);
  const wide = w("eyeWide", side) * (1 - blink);
  const raised = w("cheekSquint", side) * 4.4 + w("mouthSmile", side) + 0.8 * w("noseSneer", side);
  const browDown = w("browDown", side);
  return {
    blink,
    upper: 11.6 + 6.2 * wide + 2.2 * up - 5 * down - 4.2 * squint - 1.2 * browDown - 0.2 * raised,
    lower: 8 + 1.4 * wide + 1.2 * down - 0.8 * up - 5 * squint - raised - 1.2 * blink,
    fold: 12.6 + 3.6 * wide + 1.5 * up - 1.5 * down - 2.5 * squint,
    foldDown: (3.2 - 1.8 * squint) * blink + 2.5 * browDown,
    lean: 0.14 + 0.12 * (w("eyeLookIn", side) - w("eyeLookOut", side)), // the arch's top goes with the gaze
  };
}

/** The lids of one eye on the canvas, from the nose outwards: edges of the lower and the upper, the fold above. */
function lids(head, w, side) {
  const lid = lidShape(w, side);
  const edges = { upper: [], lower: [], fold: [] };
  for (let i = 0; i <= STEPS; i++) {
    const t = Math.sin((i / STEPS - 0.5) * Math.PI);
    const arch = 1 - t * t;
    const leaning = 1 - Math.min(1, Math.abs(t + lid.lean * arch)) ** 2;
    const corner = 0.6 - 1.9 * t;
    const lower = corner + lid.lower * (1 - Math.min(1, Math.abs(t - 0.14 * arch)) ** 2.2) ** 0.85;
    const upper = mix(corner - lid.upper * leaning ** 0.72, lower, lid.blink);
    const fold = Math.min(upper - 1.2, corner - 4.4 - lid.fold * leaning ** 0.6 + lid.foldDown);
    const x = side * (CENTRE_X + t * HALF_WIDTH);
    edges.lower.push(head.skin(x, lower, -1.5));
    edges.upper.push(head.skin(x, upper, 0.5));
    edges.fold.push(head.skin(x, fold));
  }
  return edges;
}

function disc(ctx, [x, y], radius, style) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = style;
  ctx.fill();
}

function paintIris(ctx, head, w, side) {
  const { view, unit } = head;
  const look = gaze(w, side);
  const z = head.depth(CENTRE_X, 0) - EYEBALL * (1 - Math.cos(look.x) * Math.cos(look.y));
  const towards = (share) => view.at(
    side * CENTRE_X + share * EYEBALL * Math.sin(look.x), -1 + share * EYEBALL * Math.sin(look.y), z,
  );
  ctx.save();
  ctx.translate(...towards(1));
  const { yaw, pitch, roll } = view.pose;
  ctx.rotate(roll);
  ctx.scale(unit * Math.max(0.6, Math.cos(look.x + 0.8 * yaw)), unit * Math.max(0.7, Math.cos(look.y - 0.8 * pitch)));
  const colour = ctx.createRadialGradient(0, 2.5, 1, 0, 0, IRIS);
  colour.addColorStop(0, rgba(C.irisLight));
  colour.addColorStop(0.55, rgba(C.iris));
  colour.addColorStop(0.88, rgba(C.irisDark));
  disc(ctx, [0, 0], IRIS + 0.5, rgba(C.irisDark, 0.55));
  disc(ctx, [0, 0], IRIS, colour);
  disc(ctx, [0, 0], 4.8, rgba(C.pupil));
  ctx.restore();
  const [x, y] = towards(0.75); // reflections stay behind the gaze
  disc(ctx, [x - 3 * unit, y - 3.4 * unit], 2.4 * unit, rgba(C.sparkle, 0.92));
  disc(ctx, [x + 4.4 * unit, y + 4.8 * unit], 1.3 * unit, rgba(C.sparkle, 0.35));
}

/** What is seen between the lids. */
function paintEyeball(ctx, head, w, side, edges) {
  const { unit } = head;
  const at = (x, y) => head.skin(side * (CENTRE_X + x), y);
  ctx.save();
  polygon(ctx, [...edges.upper, ...[...edges.lower].reverse()]);
  ctx.clip();
  ctx.fillStyle = ramp(ctx, at(-HALF_WIDTH, 0), at(HALF_WIDTH, 0), [
    [0, C.eyeShade], [0.25, C.eyeWhite], [0.75, C.eyeWhite], [1, C.eyeShade],
  ]);
  ctx.fill();
  blob(ctx, at, [-HALF_WIDTH, 0], [5.5, 5], C.tearDuct, 0.95);
  paintIris(ctx, head, w, side);
  for (const [width, alpha] of [[11, 0.16], [7, 0.2], [4, 0.24]]) { // the shadow of the upper lid
    ctx.strokeStyle = rgba(C.lash, alpha);
    ctx.lineWidth = width * unit;
    ctx.beginPath();
    for (const [x, y] of edges.upper) ctx.lineTo(x, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** The upper lid between its fold and its lashes, and the edge of the lower one. */
function paintLids(ctx, unit, edges, side, blink) {
  const mid = STEPS / 2;
  const shade = blend(C.skin, C.skinShade, 0.35);
  polygon(ctx, [...edges.upper, ...[...edges.fold].reverse()]);
  ctx.fillStyle = ramp(ctx, edges.fold[mid], edges.upper[mid], [
    [0, shade, 0.9], [0.5, blend(C.skin, C.skinLight, 0.4), 0.9], [1, shade, 0.95],
  ]);
  ctx.fill();
  const few = (points) => points.filter((_, i) => i % 4 === 0);
  crease(ctx, few(edges.fold), 1.1 * unit, C.fold, 0.8);
  crease(ctx, few(edges.lower), 0.9 * unit, C.fold, 0.55 * (1 - blink));
  const [x, y] = edges.upper.at(-1);
  const lashes = [...edges.upper, [x + 3.4 * side * unit, y - 1.2 * unit]];
  ribbon(ctx, lashes, (t) => (0.5 + 2.3 * Math.sin(Math.PI * t ** 1.25) ** 0.8) * unit, rgba(C.lash));
}

/** Folds that squeezing makes: below the eye (eyeSquint, cheekSquint) and beside it. */
function paintFolds(ctx, head, w, side) {
  const { unit } = head;
  const squint = w("eyeSquint", side);
  const cheek = w("cheekSquint", side);
  const at = (x, y) => head.skin(side * x, y);
  const bag = [at(17, 9), at(26, 13.5 - 2 * squint), at(41, 13 - 3 * squint), at(52, 6)];
  const apple = [at(19, 15), at(30, 20 - 3 * cheek), at(44, 19 - 3 * cheek), at(56, 9)];
  crease(ctx, bag, 1.6 * unit, C.fold, 0.06 + 0.34 * squint);
  crease(ctx, apple, 2.2 * unit, C.fold, 0.34 * cheek);
  for (const [y, dy] of [[-3, -5], [1, 0], [5, 5]]) {
    crease(ctx, [at(58, y), at(62, y + dy * 0.4), at(68, y + dy)], 1.1 * unit, C.fold, 0.36 * squint + 0.08 * cheek);
  }
}

/** Both eyes with their lids. */
export function paintEyes(ctx, head, w) {
  for (const side of [-1, 1]) {
    const socket = (x, y) => head.skin(side * x, y);
    const edges = lids(head, w, side);
    blob(ctx, socket, [CENTRE_X, -4], [27, 22], C.skinDeep, 0.28);
    blob(ctx, socket, [16, -6], [11, 20], C.skinDeep, 0.24);
    paintEyeball(ctx, head, w, side, edges);
    paintLids(ctx, head.unit, edges, side, w("eyeBlink", side));
    paintFolds(ctx, head, w, side);
  }
}
