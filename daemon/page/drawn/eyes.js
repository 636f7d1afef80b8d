import { blend, blob, crease, polygon, ramp, ribbon, rgba } from "./brush.js";
import { COLOURS as C } from "./colours.js";
import { mix } from "./weights.js";

const CENTRE_X = 34;
const HALF_WIDTH = 20.5;
const EYEBALL = 18;
const IRIS = 10.4;
const STEPS = 20;

/** Gaze of one eye: to the viewer's right and down, radians. */
function gaze(w, side) {
  return {
    x: 0.5 * side * (w("eyeLookOut", side) - w("eyeLookIn", side)),
    y: 0.44 * (w("eyeLookDown", side) - w("eyeLookUp", side)),
  };
}

/** The lids of one eye as canvas points from the nose outwards: lower, upper, and the fold above. */
function lids(head, w, side) {
  const [up, down] = [w("eyeLookUp", side), w("eyeLookDown", side)];
  const squint = w("eyeSquint", side);
  const cheek = w("cheekSquint", side);
  const blink = w("eyeBlink", side);
  const wide = w("eyeWide", side) * (1 - blink);
  const upperHeight = 11.9 + 6 * wide + 2.2 * up - 5 * down - 4.2 * squint - 0.8 * cheek - 1.2 * w("browDown", side)
    - 0.5 * w("mouthSmile", side);
  const lowerHeight = 8 + 1.4 * wide + 1.2 * down - 0.8 * up - 5 * squint - 4.4 * cheek - 1.0 * w("mouthSmile", side)
    - 0.8 * w("noseSneer", side) - 1.2 * blink;
  const lean = 0.14 + 0.12 * (w("eyeLookIn", side) - w("eyeLookOut", side));
  const result = { upper: [], lower: [], fold: [] };
  for (let i = 0; i <= STEPS; i++) {
    const t = Math.sin((i / STEPS - 0.5) * Math.PI);
    const skewed = Math.min(1, Math.max(-1, t + lean * (1 - t * t)));
    const corner = 0.6 - 1.9 * t;
    const lower = corner + lowerHeight * (1 - Math.min(1, Math.abs(t - 0.14 * (1 - t * t))) ** 2.2) ** 0.85;
    const openUpper = corner - upperHeight * (1 - skewed ** 2) ** 0.72;
    const upper = mix(openUpper, lower, blink);
    const foldRest = corner - (12.6 + 3.6 * wide + 1.5 * up - 1.5 * down - 2.5 * squint) * (1 - skewed ** 2) ** 0.6 - 4.4;
    const fold = Math.min(upper - 1.2, foldRest + (3.2 - 1.8 * squint) * blink + 2.5 * w("browDown", side));
    const at = (y, lift) => head.skin(side * (CENTRE_X + t * HALF_WIDTH), y, lift);
    result.lower.push(at(lower, -1.5));
    result.upper.push(at(upper, 0.5));
    result.fold.push(at(fold, 0));
  }
  return result;
}

function paintIris(ctx, head, w, side) {
  const { view, unit } = head;
  const look = gaze(w, side);
  const deep = head.depth(CENTRE_X, 0) - EYEBALL;
  const point = (x, y, share) => view.at(
    side * CENTRE_X + EYEBALL * Math.sin(x) * share, -1 + EYEBALL * Math.sin(y) * share, deep + EYEBALL * Math.cos(x) * Math.cos(y),
  );
  const centre = point(look.x, look.y, 1);
  const squeeze = Math.max(0.6, Math.cos(look.x + view.pose.yaw * 0.8));
  const flatten = Math.max(0.7, Math.cos(look.y - view.pose.pitch * 0.8));
  ctx.save();
  ctx.translate(...centre);
  ctx.rotate(view.pose.roll);
  ctx.scale(unit * squeeze, unit * flatten);
  const disc = (radius, style) => {
    ctx.beginPath();
    ctx.arc(0, 0, radius, 0, 2 * Math.PI);
    ctx.fillStyle = style;
    ctx.fill();
  };
  disc(IRIS + 0.5, rgba(C.irisDark, 0.55));
  const colour = ctx.createRadialGradient(0, 2.5, 1, 0, 0, IRIS);
  for (const [offset, tone] of [[0, C.irisLight], [0.55, C.iris], [0.88, C.irisDark], [1, C.irisDark]]) {
    colour.addColorStop(offset, rgba(tone));
  }
  disc(IRIS, colour);
  disc(4.8, rgba(C.pupil));
  ctx.restore();
  const spark = point(look.x * 0.75, look.y * 0.75, 1);
  ctx.fillStyle = rgba([255, 255, 255], 0.92);
  ctx.beginPath();
  ctx.ellipse(spark[0] - 3 * unit, spark[1] - 3.4 * unit, 2.2 * unit, 2.5 * unit, 0.4, 0, 2 * Math.PI);
  ctx.fill();
  ctx.fillStyle = rgba([255, 255, 255], 0.35);
  ctx.beginPath();
  ctx.arc(spark[0] + 3.2 * unit, spark[1] + 3.6 * unit, 1.2 * unit, 0, 2 * Math.PI);
  ctx.fill();
}

function paintEye(ctx, head, w, side) {
  const { unit } = head;
  const edge = lids(head, w, side);
  const blink = w("eyeBlink", side);
  const skin = (x, y) => head.skin(side * x, y);
  blob(ctx, skin(CENTRE_X, -4), skin(CENTRE_X + 27, -6), skin(CENTRE_X, 18), C.skinDeep, 0.28);
  blob(ctx, skin(16, -6), skin(27, -6), skin(16, 14), C.skinDeep, 0.24);

  ctx.save();
  polygon(ctx, [...edge.upper, ...[...edge.lower].reverse()]);
  ctx.clip();
  const [inner, outer] = [skin(CENTRE_X - HALF_WIDTH, 0), skin(CENTRE_X + HALF_WIDTH, 0)];
  ctx.fillStyle = ramp(ctx, inner, outer, [[0, rgba(C.eyeShade)], [0.25, rgba(C.eyeWhite)], [0.75, rgba(C.eyeWhite)], [1, rgba(C.eyeShade)]]);
  ctx.fill();
  blob(ctx, inner, skin(CENTRE_X - HALF_WIDTH + 5.5, 0), skin(CENTRE_X - HALF_WIDTH, 5), C.tearDuct, 0.95);
  paintIris(ctx, head, w, side);
  for (const [width, alpha] of [[11, 0.16], [7, 0.2], [4, 0.24]]) { // the shadow of the upper lid
    ctx.strokeStyle = rgba(C.lash, alpha);
    ctx.lineWidth = width * unit;
    ctx.beginPath();
    for (const [x, y] of edge.upper) ctx.lineTo(x, y);
    ctx.stroke();
  }
  ctx.restore();

  polygon(ctx, [...edge.upper, ...[...edge.fold].reverse()]);
  const mid = STEPS / 2;
  const lidTone = blend(C.skin, C.skinShade, 0.35);
  ctx.fillStyle = ramp(ctx, edge.fold[mid], edge.upper[mid], [[0, rgba(lidTone, 0.9)], [0.5, rgba(blend(C.skin, C.skinLight, 0.4), 0.9)],
    [1, rgba(lidTone, 0.95)]]);
  ctx.fill();
  crease(ctx, edge.fold.filter((_, i) => i % 4 === 0), 1.1 * unit, C.fold, 0.8);
  crease(ctx, edge.lower.filter((_, i) => i % 4 === 0), 0.9 * unit, C.fold, 0.55 * (1 - blink));
  const lash = [...edge.upper, extend(edge.upper, 3.4 * unit, -1.2 * unit, side)];
  ribbon(ctx, lash, (t) => (0.5 + 2.3 * Math.sin(Math.PI * t ** 1.25) ** 0.8) * unit, rgba(C.lash));
}

/** The flick at the outer end of the lashes. */
function extend(points, out, up, side) {
  const [x, y] = points.at(-1);
  return [x + side * out, y + up];
}

/** Folds that squeezing makes: below the eye (eyeSquint, cheekSquint) and beside it. */
function paintFolds(ctx, head, w, side) {
  const { unit } = head;
  const squint = w("eyeSquint", side);
  const cheek = w("cheekSquint", side);
  const at = (x, y) => head.skin(side * x, y);
  crease(ctx, [at(17, 9), at(26, 13.5 - 2 * squint), at(41, 13 - 3 * squint), at(52, 6)], 1.6 * unit, C.fold, 0.1 + 0.55 * squint);
  crease(ctx, [at(19, 15), at(30, 20 - 3 * cheek), at(44, 19 - 3 * cheek), at(56, 9)], 2.2 * unit, C.fold, 0.7 * cheek);
  for (const [y, dy] of [[-3, -5], [1, 0], [5, 5]]) {
    crease(ctx, [at(58, y), at(62, y + dy * 0.4), at(68, y + dy)], 1.1 * unit, C.fold, 0.6 * squint + 0.15 * cheek);
  }
}

/** Both eyes with their lids. */
export function paintEyes(ctx, head, w) {
  for (const side of [-1, 1]) {
    paintEye(ctx, head, w, side);
    paintFolds(ctx, head, w, side);
  }
}
