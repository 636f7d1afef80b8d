import { blob, crease, ramp, rgba, shape } from "./brush.js";
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
  shape(ctx, [top(-42, 40), top(42, 40), top(40, 76), still(42, 118), still(70, 150), still(0, 185), still(-70, 150), still(-42, 118), top(-40, 76)],
    ramp(ctx, still(-44, 110), still(46, 110), [[0, rgba(C.skin)], [0.4, rgba(C.skinShade)], [1, rgba(C.skinDeep)]]));
  const chin = head.skin(0, 96);
  blob(ctx, [chin[0] + 4 * unit, chin[1] + 6 * unit], [chin[0] + 66 * unit, chin[1] + 6 * unit], [chin[0] + 4 * unit, chin[1] + 46 * unit], C.fold, 0.75);
  for (const side of [-1, 1]) {
    crease(ctx, [top(side * 34, 92), still(side * 25, 122), still(side * 10, 146)], 2.4 * unit, C.skinDeep, 0.4 + 0.6 * w("mouthStretch", side));
    crease(ctx, [top(side * 22, 96), still(side * 20, 120), still(side * 22, 143)], 2 * unit, C.skinDeep, 0.7 * w("mouthStretch", side));
  }
  shape(ctx, [still(-40, 128), still(-20, 143), still(0, 147), still(20, 143), still(40, 128), still(66, 138), still(112, 152), still(136, 178),
    still(142, 240), still(-142, 240), still(-136, 178), still(-112, 152), still(-66, 138)],
    ramp(ctx, still(-110, 140), still(130, 220), [[0, rgba(C.shirtLight)], [0.4, rgba(C.shirt)], [1, rgba(C.shirtDark)]]));
  shape(ctx, [still(-43, 123), still(-41, 131), still(-22, 148), still(0, 153), still(22, 148), still(41, 131), still(43, 123), still(47, 133),
    still(27, 157), still(0, 163), still(-27, 157), still(-47, 133)],
    ramp(ctx, still(-44, 130), still(46, 140), [[0, rgba(C.shirtLight)], [0.5, rgba(C.shirt)], [1, rgba(C.shirtDark)]]));
  crease(ctx, [still(-47, 135), still(-27, 159), still(0, 165), still(27, 159), still(47, 135)], 1.6 * unit, C.shirtDark, 0.8);
  crease(ctx, [still(68, 139), still(112, 153), still(136, 179)], 2 * unit, C.rim, 0.5);
}
