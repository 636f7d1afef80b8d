import { blend, crease, polygon, ramp, ribbon, rgba, sampled, shape } from "./brush.js";
import { COLOURS as C } from "./colours.js";
import { smoothstep } from "./weights.js";

// Outlines from the viewer's left ear over the crown to the right: half width (signed), height.
const BACK = [
  [-62, 40], [-80, 16], [-86, -30], [-80, -80], [-56, -118], [-0.001, -134], [56, -118], [80, -80], [86, -30], [80, 16],
  [62, 40],
];
const CAP = [
  [-80, 4], [-87, -24], [-91, -62], [-84, -100], [-60, -128], [-20, -143], [26, -146], [66, -132], [89, -100],
  [94, -58], [88, -22], [80, 4],
];
const HAIRLINE = [
  [-75, -2], [-73, -22], [-69, -40], [-48, -60], [-20, -72], [10, -70], [38, -62], [58, -52], [69, -40], [72, -24],
  [74, -2],
];
// From the parting outwards: middle line [x, y, lift above the skull], greatest width, lightness 0..1.
const LOCKS = [
  [[[-34, -112, 14], [-62, -98, 14], [-79, -66, 8], [-77, -30, 2], [-72, -10, 1]], 26, 0.5],
  [[[-30, -114, 16], [-56, -92, 15], [-68, -66, 9], [-66, -34, 4]], 26, 0.8],
  [[[-26, -116, 16], [30, -122, 20], [74, -92, 14], [80, -44, 4], [74, -12, 1]], 34, 0.05],
  [[[-28, -114, 18], [20, -112, 22], [60, -84, 16], [74, -32, 5]], 36, 0.3],
  [[[-32, -112, 18], [4, -102, 22], [42, -80, 16], [64, -38, 6]], 36, 0.6],
  [[[-34, -110, 18], [-14, -92, 20], [16, -72, 13], [50, -46, 7]], 32, 0.85],
  [[[-36, -108, 17], [-34, -88, 17], [-18, -70, 11], [14, -50, 7]], 24, 1],
];

/** An outline that turns with the head: its depth (times its half width) behind the eyes. */
function turned(view, points, deep, z) {
  return points.map(([x, y]) => view.rim(Math.sign(x), Math.abs(x), deep * Math.abs(x), 0, y, z));
}

function paintEar(ctx, head, side) {
  const { view, unit } = head;
  const at = (x, y) => view.at(side * x, y, 32 - x * 0.55);
  const tone = ramp(ctx, at(73, 0), at(90, 0), [[0, C.skinShade], [1, side < 0 ? C.skin : C.skinShade]]);
  shape(ctx, [
    at(72, -8), at(79, -15), at(86, -13), at(89.5, -3), at(86.5, 11), at(81, 21), at(75, 24), at(72, 17),
  ], tone);
  crease(ctx, [at(76, -6), at(82, -9), at(85.5, -3), at(82, 9)], 1.8 * unit, C.fold, 0.6);
  crease(ctx, [at(75, 2), at(79, 4), at(77, 12)], 2.4 * unit, C.fold, 0.6);
  if (side > 0) crease(ctx, [at(83, -14), at(88.6, -6), at(88.6, 4), at(84, 16)], 1.1 * unit, C.rim, 0.7);
}

/** The hair behind the face, deeper than the skull, and the ears. */
export function paintBackHair(ctx, head) {
  shape(ctx, turned(head.view, BACK, 1.2, -26), rgba(C.hairDark));
  for (const side of [-1, 1]) paintEar(ctx, head, side);
}

/** The ear that a turned head shows comes to lie in front of its hair. */
export function paintNearEar(ctx, head) {
  const { yaw } = head.view.pose;
  ctx.globalAlpha = smoothstep(0.02, 0.2, Math.abs(yaw));
  paintEar(ctx, head, yaw > 0 ? -1 : 1);
  ctx.globalAlpha = 1;
}

function paintLock(ctx, head, points, width, light) {
  const { unit } = head;
  const line = sampled(points, 7).map((point) => head.skin(...point));
  const tip = blend(C.hairDark, C.hair, 0.5 + light * 0.4);
  const middle = blend(C.hair, C.hairLight, light * 0.6);
  const tone = ramp(ctx, line[0], line.at(-1), [[0, C.hair], [0.45, middle], [1, tip]]);
  const swell = (t) => 0.25 + 0.75 * Math.sin(Math.PI * Math.min(1, t * 1.25 + 0.1)) ** 0.8;
  ribbon(ctx, line, (t) => width * unit * swell(t) * (1 - t ** 3), tone);
  for (const [share, alpha] of [[0.12, 0.5], [-0.12, 0.35]]) {
    const strand = line.slice(4, -4).map(([x, y]) => [x + 0.6 * share * width * unit, y - share * width * unit]);
    ribbon(ctx, strand, (t) => 2.2 * unit * Math.sin(Math.PI * t), rgba(C.hairLight, alpha * light));
  }
}

/** The hair in front: a cap from ear to ear and the locks swept from the parting. */
export function paintFrontHair(ctx, head) {
  const { view, unit } = head;
  const cap = sampled(turned(view, CAP, 0.97, -12), 5);
  const hairline = sampled(HAIRLINE.map(([x, y]) => head.skin(x, y, 3)), 4);
  polygon(ctx, [...cap, ...hairline.reverse()]);
  ctx.fillStyle = ramp(ctx, view.at(-60, -130, 0), view.at(70, -20, 0), [[0, C.hair], [1, C.hairDark]]);
  ctx.fill();
  for (const [points, width, light] of LOCKS) paintLock(ctx, head, points, width, light);
  const edge = cap.slice(30, -4).map(([x, y]) => [x - 1.2 * unit, y + 0.6 * unit]);
  for (const [width, alpha] of [[5, 0.2], [2.4, 0.6]]) {
    ribbon(ctx, edge, (t) => width * unit * Math.sin(Math.PI * t) ** 0.8, rgba(C.rim, alpha));
  }
}
