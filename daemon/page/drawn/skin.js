import { blob, crease, polygon, ramp, rgba } from "./brush.js";
import { COLOURS as C } from "./colours.js";

/** Cheek, its folds and the corner of the mouth's, on one side. */
function paintCheek(ctx, head, w, side) {
  const { unit } = head;
  const smile = w("mouthSmile", side);
  const squint = w("cheekSquint", side);
  const sneer = w("noseSneer", side);
  const upper = w("mouthUpperUp", side);
  const puff = w("cheekPuff");
  const at = (x, y, lift) => head.skin(side * x, y, lift);
  const apple = 35 - 5 * smile - 8 * squint;
  blob(ctx, at(44, apple + 3), at(70, apple), at(44, apple + 25), C.blush, 0.36 + 0.16 * smile + 0.16 * squint);
  blob(ctx, at(41, apple - 5), at(58, apple - 7), at(41, apple + 9), C.glow, (side < 0 ? 0.5 : 0.3) + 0.35 * squint + 0.25 * smile);
  blob(ctx, at(46, 58, 4), at(66, 54, 4), at(46, 78, 4), C.glow, 0.75 * puff);
  blob(ctx, at(38, 78), at(62, 70), at(38, 96), C.skinDeep, 0.32 * puff);
  blob(ctx, at(47, 58), at(62, 56), at(47, 78), C.skinDeep, 0.34 * w("mouthPucker") + 0.24 * w("jawOpen") + 0.15 * w("mouthFunnel"));

  const fold = Math.min(1, 0.16 + 0.6 * smile + 0.5 * sneer + 0.45 * upper + 0.35 * squint) * (1 - 0.9 * puff) * (1 - 0.5 * w("mouthPucker"));
  const lift = 5 * sneer + 3 * upper;
  crease(ctx, [at(17.5, 43 - lift), at(23 + 3 * smile, 50 - lift * 0.6), at(30 + 5 * smile, 61 - 3 * smile), at(33 + 7 * smile, 72 - 3 * smile)],
    2.4 * unit, C.fold, fold);
}

/** Chin and what lies between it and the lower lip. */
function paintChin(ctx, head, w) {
  const { unit } = head;
  const shrug = w("mouthShrugLower");
  const frown = (w("mouthFrownLeft") + w("mouthFrownRight")) / 2;
  const forward = w("jawForward");
  const at = (x, y, lift) => head.skin(x, y, lift);
  blob(ctx, at(0, 82), at(19, 82), at(0, 89.5), C.skinDeep, 0.34 + 0.3 * shrug + 0.4 * forward + 0.12 * frown);
  blob(ctx, at(-2, 93), at(16, 93), at(-2, 102), C.glow, 0.34 + 0.3 * forward + 0.25 * shrug);
  crease(ctx, [at(-13, 85.5), at(-6, 83), at(6, 83), at(13, 85.5)], 2 * unit, C.fold, 0.75 * shrug + 0.5 * forward);
  for (const [x, y] of [[-7, 90], [-2, 92.5], [3.5, 90.5], [8, 92.5], [-5, 96], [1, 97], [6, 96.5]]) { // a puckered chin
    blob(ctx, at(x, y), at(x + 2.6, y), at(x, y + 2), C.skinDeep, 0.5 * shrug + 0.15 * frown);
  }
}

/** The skin of the face with its light. */
export function paintSkin(ctx, head, w) {
  const { unit, view } = head;
  const outline = head.outline();
  const at = (x, y, lift) => head.skin(x, y, lift);
  ctx.save();
  polygon(ctx, outline);
  ctx.fillStyle = ramp(ctx, view.at(-70, -40, 20), view.at(78, 50, 20), [[0, rgba(C.skinLight)], [0.45, rgba(C.skin)], [1, rgba(C.skinShade)]]);
  ctx.fill();
  ctx.clip();
  blob(ctx, at(-14, -46), at(32, -46), at(-14, -18), C.glow, 0.55);
  blob(ctx, at(66, 30), at(96, 30), at(66, 110), C.skinDeep, 0.42);
  blob(ctx, at(-70, 70), at(-44, 70), at(-70, 122), C.skinDeep, 0.3);
  for (const side of [-1, 1]) paintCheek(ctx, head, w, side);
  blob(ctx, at(0, 66), at(34, 66), at(0, 88), C.skinLight, 0.25);
  paintChin(ctx, head, w);
  ctx.lineJoin = "round";
  for (const [width, alpha] of [[22, 0.07], [13, 0.09], [6, 0.12]]) { // the skin turns away at its edge
    ctx.strokeStyle = rgba(C.skinDeep, alpha);
    ctx.lineWidth = width * unit;
    polygon(ctx, outline);
    ctx.stroke();
  }
  const half = outline.length / 2;
  for (const [width, alpha] of [[7, 0.1], [3.6, 0.2], [1.6, 0.4]]) { // cool light from behind on the right
    ctx.strokeStyle = rgba(C.rim, alpha);
    ctx.lineWidth = width * unit;
    ctx.beginPath();
    for (const [x, y] of outline.slice(half + 2, half + 34)) ctx.lineTo(x, y);
    ctx.stroke();
  }
  ctx.restore();
}
