import { blob, crease, polygon, ramp, ribbon, rgba } from "./brush.js";
import { COLOURS as C } from "./colours.js";

const TEMPLE = 19; // the outline's point at eye height

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
  blob(ctx, at(42, apple - 5), at(63, apple - 8), at(42, apple + 10), C.glow, (side < 0 ? 0.42 : 0.26) + 0.3 * squint + 0.12 * smile);
  blob(ctx, at(46, 58, 4), at(66, 54, 4), at(46, 78, 4), C.glow, 0.38 * puff);
  blob(ctx, at(38, 78), at(62, 70), at(38, 96), C.skinDeep, 0.32 * puff);
  blob(ctx, at(47, 58), at(62, 56), at(47, 78), C.skinDeep, 0.34 * w("mouthPucker") + 0.24 * w("jawOpen") + 0.15 * w("mouthFunnel"));

  const fold = (0.05 + 0.5 * smile + 0.5 * sneer + 0.42 * upper + 0.3 * squint) * (1 - 0.9 * puff) * (1 - 0.5 * w("mouthPucker"));
  const lift = 5 * sneer + 3 * upper + 2 * smile;
  crease(ctx, [head.skull(side * 18.5, 40 - lift), at(25 + 3 * smile, 44.5 - lift), at(32.5 + 7 * smile, 53 - 3 * smile),
    at(36 + 9 * smile, 64 - 3 * smile)], 2.6 * unit, C.fold, Math.min(0.9, fold));
  const out = 30 + 9 * smile + 8 * w("mouthStretch", side);
  const tuck = w("mouthDimple", side);
  crease(ctx, [at(out + 1, 55), at(out + 4.5, 60), at(out + 1.5, 67)], 2.6 * unit, C.fold, 0.9 * tuck + 0.4 * w("mouthPress", side));
  crease(ctx, [at(out + 1, 59), at(out + 4, 66), at(out + 3, 76)], 2 * unit, C.fold, 0.6 * w("mouthStretch", side));
  crease(ctx, [at(27.5, 69), at(32, 74), at(34, 82)], 2.4 * unit, C.fold, 0.7 * w("mouthFrown", side));
  const away = side * (w("mouthLeft") - w("mouthRight"));
  crease(ctx, [at(36, 49), at(41, 58), at(39, 68)], 2.4 * unit, C.fold, 0.6 * away);
}

/** Chin and what lies between it and the lower lip. */
function paintChin(ctx, head, w) {
  const { unit } = head;
  const shrug = w("mouthShrugLower");
  const frown = (w("mouthFrownLeft") + w("mouthFrownRight")) / 2;
  const forward = w("jawForward");
  const at = (x, y, lift) => head.skin(x, y, lift);
  blob(ctx, at(0, 79), at(19, 79), at(0, 86.5), C.skinDeep, 0.3 + 0.25 * shrug + 0.25 * forward + 0.12 * frown);
  blob(ctx, at(-2, 90), at(16, 90), at(-2, 99), C.glow, 0.34 + 0.3 * forward + 0.25 * shrug);
  crease(ctx, [at(-13, 82.5), at(-6, 80), at(6, 80), at(13, 82.5)], 2 * unit, C.fold, 0.75 * shrug + 0.3 * forward);
  for (const [x, y] of [[-9, 87], [0, 88], [9, 87], [-4.5, 91.5], [5, 91.5]]) { // a puckered chin
    blob(ctx, at(x, y), at(x + 5, y), at(x, y + 3), C.skinDeep, 0.3 * shrug + 0.12 * frown);
  }
}

/** The skin darkens where it turns away, towards the edge of the ellipse through both temples and the chin. */
function shadeEdge(ctx, outline) {
  const chin = outline.length / 2;
  const [left, across, down] = [outline[TEMPLE], outline[outline.length - 1 - TEMPLE], outline[chin]];
  const centre = [(left[0] + across[0]) / 2, (left[1] + across[1]) / 2];
  ctx.save();
  ctx.transform(
    across[0] - centre[0], across[1] - centre[1], down[0] - centre[0], down[1] - centre[1], centre[0], centre[1],
  );
  const gradient = ctx.createRadialGradient(0, 0, 0.62, 0, 0, 1.04);
  for (const [offset, alpha] of [[0, 0], [0.4, 0.08], [0.75, 0.26], [1, 0.52]]) gradient.addColorStop(offset, rgba(C.skinDeep, alpha));
  ctx.fillStyle = gradient;
  ctx.fillRect(-1.5, -1.5, 3, 3);
  ctx.restore();
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
  blob(ctx, at(0, 63), at(34, 63), at(0, 85), C.skinLight, 0.25);
  paintChin(ctx, head, w);
  shadeEdge(ctx, outline);
  ctx.restore();
  const right = outline.slice(outline.length / 2).reverse();
  for (const [width, alpha] of [[3.2, 0.25], [1.5, 0.6]]) { // cool light from behind
    ribbon(ctx, right.slice(20, -3), (t) => width * unit * Math.sin(Math.PI * t) ** 0.7, rgba(C.rim, alpha));
  }
}
