import { crease, ramp, rgba, shape } from "./brush.js";
import { COLOURS as C } from "./colours.js";

/** A point of the hair's outline: half width and side, height; it turns with the skull. */
function outer(view, x, y) {
  return view.rim(Math.sign(x) || 1, Math.abs(x), Math.abs(x) * 1.08, 0, y, -12);
}

function paintEar(ctx, head, side) {
  const { view, unit } = head;
  const at = (x, y) => view.at(side * x, y, -6 + (x - 72) * -0.5);
  shape(ctx, [at(70, -8), at(77, -14), at(84, -12), at(87, -2), at(84, 12), at(79, 22), at(73, 25), at(70, 18)],
    ramp(ctx, at(72, 0), at(88, 0), [[0, rgba(C.skinShade)], [1, rgba(side < 0 ? C.skin : C.skinShade)]]));
  crease(ctx, [at(73, -6), at(79, -9), at(83, -3), at(80, 9)], 1.8 * unit, C.fold, 0.6);
  crease(ctx, [at(73, 2), at(77, 4), at(75, 12)], 2.4 * unit, C.fold, 0.6);
  if (side > 0) crease(ctx, [at(80, -13), at(86, -6), at(86.5, 4), at(82, 16)], 1.2 * unit, C.rim, 0.7);
}

/** Ears and the hair behind the face. */
export function paintBackHair(ctx, head) {
  const { view } = head;
  const o = (x, y) => outer(view, x, y);
  shape(ctx, [o(-66, 40), o(-80, 10), o(-85, -30), o(-80, -80), o(-56, -118), o(-1e-3, -134), o(56, -118), o(80, -80), o(85, -30), o(80, 10), o(66, 40)],
    rgba(C.hairDark));
  for (const side of [-1, 1]) paintEar(ctx, head, side);
}

/** The hair in front: sides and a fringe swept from the parting. */
export function paintFrontHair(ctx, head) {
  const { view, unit } = head;
  const o = (x, y) => outer(view, x, y);
  const s = (x, y, lift = 3) => head.skin(x, y, lift);
  shape(ctx, [o(-78, 6), o(-84, -24), o(-86, -60), o(-78, -100), o(-52, -130), o(-14, -143), o(30, -145), o(66, -126), o(85, -92), o(88, -52),
    o(84, -20), o(78, 6), s(72, -2), s(70, -24), s(66, -44), s(56, -56), s(38, -66), s(14, -74), s(-10, -78), s(-34, -72), s(-52, -58), s(-66, -42),
    s(-71, -22), s(-73, -2)],
    ramp(ctx, view.at(-60, -130, 0), view.at(70, -20, 0), [[0, rgba(C.hairLight)], [0.35, rgba(C.hair)], [1, rgba(C.hairDark)]]));
  for (const [x0, y0, x1, y1] of [[-40, -100, 50, -66], [-42, -108, 66, -80], [-40, -118, 76, -96], [-30, -128, 70, -112]]) {
    crease(ctx, [s(x0, y0, 12), s((x0 + x1) / 2 - 6, Math.min(y0, y1) - 14, 18), s(x1, y1, 8)], 3 * unit, C.hairLight, 0.5);
  }
  crease(ctx, [o(80, 0), o(85, -22), o(88, -52), o(85, -92), o(66, -126), o(30, -145)].map(([x, y]) => [x - 1.5 * unit, y + 1 * unit]), 2.2 * unit, C.rim, 0.8);
}
