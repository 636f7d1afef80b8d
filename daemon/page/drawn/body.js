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

/** Neck, shoulders and shirt; only the top of the neck goes along with the head. */
export function paintBody(ctx, head, w) {
  const { view, unit } = head;
  const still = view.still;
  const top = (x, y) => view.at(x, y, -8);
  shape(ctx, [top(-42, 40), top(42, 40), top(40, 76), still(42, 118), still(52, 140), still(0, 185), still(-52, 140), still(-42, 118), top(-40, 76)],
    ramp(ctx, still(-44, 110), still(46, 110), [[0, rgba(C.skin)], [0.4, rgba(C.skinShade)], [1, rgba(C.skinDeep)]]));
  const chin = head.skin(0, 92);
  ctx.save();
  ctx.clip(); // to the neck
  blob(ctx, [chin[0] + 4 * unit, chin[1] + 6 * unit], [chin[0] + 66 * unit, chin[1] + 6 * unit], [chin[0] + 4 * unit, chin[1] + 46 * unit], C.fold, 0.75);
  ctx.restore();
  for (const side of [-1, 1]) {
    crease(ctx, [top(side * 34, 92), still(side * 25, 122), still(side * 10, 146)], 2.4 * unit, C.skinDeep, 0.4 + 0.6 * w("mouthStretch", side));
    crease(ctx, [top(side * 22, 96), still(side * 20, 120), still(side * 22, 143)], 2 * unit, C.skinDeep, 0.7 * w("mouthStretch", side));
  }
  shape(ctx, [still(-46, 130), still(0, 150), still(46, 130), still(72, 139), still(112, 152), still(136, 178), still(146, 250), still(-146, 250),
    still(-136, 178), still(-112, 152), still(-72, 139)],
    ramp(ctx, still(-110, 140), still(130, 220), [[0, rgba(C.shirtLight)], [0.4, rgba(C.shirt)], [1, rgba(C.shirtDark)]]));
  const collar = (drop) => sampled([still(-47 - drop * 0.4, 127 + drop * 0.7), still(-30 - drop * 0.3, 141 + drop), still(0, 149 + drop),
    still(30 + drop * 0.3, 141 + drop), still(47 + drop * 0.4, 127 + drop * 0.7)], 5);
  polygon(ctx, [...collar(0), ...collar(10).reverse()]);
  ctx.fillStyle = ramp(ctx, still(-46, 130), still(48, 136), [[0, rgba(C.shirtLight)], [0.5, rgba(C.shirt)], [1, rgba(C.shirtDark)]]);
  ctx.fill();
  ribbon(ctx, collar(10.5), () => 1.4 * unit, rgba(C.shirtDark, 0.7));
  ribbon(ctx, collar(0.5), () => 1.2 * unit, rgba(C.shirtDark, 0.6));
  ribbon(ctx, sampled([still(72, 139), still(112, 152.5), still(136, 179)]), (t) => 1.8 * unit * Math.sin(Math.PI * t), rgba(C.rim, 0.55));
}
