import { blob, crease, polygon, ramp, ribbon, rgba, sampled, shape } from "./brush.js";
import { COLOURS as C } from "./colours.js";

/** The dark room behind. */
export function paintBackdrop(ctx, view, width, height) {
  const [x, y] = view.still(0, -10);
  const gradient = ctx.createRadialGradient(x, y, 0, x, y, 260 * view.unit);
  gradient.addColorStop(0, rgba(C.backdropNear));
  gradient.addColorStop(1, rgba(C.backdropFar));
  ctx.fillStyle = gradient;
  ctx.fillRect(0, 0, width, height);
}

/** The neck, under the shadow of the chin: its top goes along with the head, its foot hardly. */
function paintNeck(ctx, head, w) {
  const { still, at, neck } = head.view;
  const top = (x, y) => at(x, y, -8);
  const middle = (x, y) => neck(x, y, -8, 0.4);
  const foot = (x, y) => neck(x, y, 0, 0.12);
  const tone = ramp(ctx, still(-44, 110), still(46, 110), [[0, C.skin], [0.4, C.skinShade], [1, C.skinDeep]]);
  shape(ctx, [
    top(-42, 40), top(42, 40), top(40, 76), middle(42, 118), foot(50, 140), still(0, 185), foot(-50, 140),
    middle(-42, 118), top(-40, 76),
  ], tone);
  ctx.save();
  ctx.clip();
  const chin = head.skin(0, 92);
  const below = (x, y) => [chin[0] + x * head.unit, chin[1] + y * head.unit];
  blob(ctx, below, [4, 6], [62, 40], C.fold, 0.75);
  ctx.restore();
  for (const side of [-1, 1]) {
    const stretch = w("mouthStretch", side);
    const long = [top(side * 34, 92), middle(side * 25, 122), foot(side * 10, 146)];
    const short = [top(side * 22, 96), middle(side * 20, 120), foot(side * 22, 143)];
    crease(ctx, long, 2.4 * head.unit, C.skinDeep, 0.4 + 0.6 * stretch);
    crease(ctx, short, 2 * head.unit, C.skinDeep, 0.7 * stretch);
  }
}

/** The upper or lower edge of the collar, `drop` below where it lies on the neck. */
function collarEdge(still, drop) {
  return sampled([
    still(-43.5 - drop * 0.6, 124 + drop * 0.5), still(-30 - drop * 0.3, 141 + drop), still(0, 149 + drop),
    still(30 + drop * 0.3, 141 + drop), still(43.5 + drop * 0.6, 124 + drop * 0.5),
  ], 5);
}

function paintShirt(ctx, view) {
  const { still, unit } = view;
  const cloth = [[0, C.shirtLight], [0.45, C.shirt], [1, C.shirtDark]];
  const shoulder = (side) => sampled([
    still(side * 46, 127), still(side * 72, 138), still(side * 112, 152), still(side * 136, 178),
    still(side * 146, 250),
  ], 10);
  const seam = collarEdge(still, 5);
  polygon(ctx, [...seam, ...shoulder(1), ...shoulder(-1).reverse()]);
  ctx.fillStyle = ramp(ctx, still(-110, 140), still(130, 220), cloth);
  ctx.fill();
  polygon(ctx, [...collarEdge(still, 0), ...collarEdge(still, 10).reverse()]);
  ctx.fillStyle = ramp(ctx, still(-46, 130), still(48, 136), cloth);
  ctx.fill();
  for (const [drop, alpha] of [[0.5, 0.6], [10.5, 0.7]]) {
    ribbon(ctx, collarEdge(still, drop), () => 1.3 * unit, rgba(C.shirtDark, alpha));
  }
  const edge = shoulder(1).slice(10, 32);
  ribbon(ctx, edge, (t) => 1.8 * unit * Math.sin(Math.PI * t), rgba(C.rim, 0.55));
}

/** Neck, shoulders and shirt. */
export function paintBody(ctx, head, w) {
  paintNeck(ctx, head, w);
  paintShirt(ctx, head.view);
}
