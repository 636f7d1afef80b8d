import { blob, crease, polygon, ramp, ribbon, rgba, within } from "./brush.js";
import { COLOURS as C } from "./colours.js";

const TEMPLE = 19; // the outline's point at eye height

/** The round of one cheek: blush and light, that rise with it, and what puffing and sucking in do. */
function paintCheek(ctx, head, w, side) {
  const smile = w("mouthSmile", side);
  const squint = w("cheekSquint", side);
  const puff = w("cheekPuff");
  const at = (x, y, lift) => head.skin(side * x, y, lift);
  const y = 35 - 5 * smile - 8 * squint;
  const lit = side < 0 ? 0.42 : 0.26;
  blob(ctx, at, [44, y + 3], [26, 22], C.blush, 0.36 + 0.16 * smile + 0.16 * squint);
  blob(ctx, at, [42, y - 5], [21, 15], C.glow, lit + 0.12 * smile + 0.3 * squint);
  blob(ctx, at, [46, 58, 4], [20, 20], C.glow, 0.38 * puff);
  blob(ctx, at, [38, 78], [24, 18], C.skinDeep, 0.32 * puff);
  const hollow = 0.34 * w("mouthPucker") + 0.24 * w("jawOpen") + 0.15 * w("mouthFunnel");
  blob(ctx, at, [47, 58], [15, 20], C.skinDeep, hollow);
}

/** The folds of one side: from the wing of the nose down, and around the corner of the mouth. */
function paintFolds(ctx, head, w, side) {
  const { unit } = head;
  const smile = w("mouthSmile", side);
  const sneer = w("noseSneer", side);
  const upper = w("mouthUpperUp", side);
  const stretch = w("mouthStretch", side);
  const at = (x, y) => head.skin(side * x, y);
  const fold = (points, width, alpha) => crease(ctx, points, width * unit, C.fold, Math.min(0.9, alpha));

  const lift = 5 * sneer + 3 * upper + 2 * smile;
  const pulled = 0.05 + 0.32 * smile + 0.5 * sneer + 0.38 * upper + 0.3 * w("cheekSquint", side);
  const flat = (1 - 0.9 * w("cheekPuff")) * (1 - 0.5 * w("mouthPucker"));
  fold([
    head.skull(side * 18.5, 40 - lift), at(25 + 3 * smile, 44.5 - lift), at(32.5 + 7 * smile, 53 - 3 * smile),
    at(36 + 9 * smile, 64 - 3 * smile),
  ], 2.6, pulled * flat);

  const corner = 30 + 9 * smile + 8 * stretch;
  const press = w("mouthPress", side);
  const tuck = 0.9 * w("mouthDimple", side) + 0.5 * press;
  const away = side * (w("mouthLeft") - w("mouthRight"));
  fold([at(corner + 1, 54), at(corner + 4.5, 59), at(corner + 1.5, 66)], 2.6, tuck);
  fold([at(corner + 1, 58), at(corner + 4, 65), at(corner + 3, 75)], 2, 0.6 * stretch);
  fold([at(27.5, 69), at(32, 74), at(34, 82)], 2.4, 0.7 * w("mouthFrown", side));
  blob(ctx, at, [corner - 9, 54.5], [14, 5.5], C.glow, 0.24 * press); // the flesh that pressed lips push out
  blob(ctx, at, [corner - 11, 71.5], [15, 5.5], C.glow, 0.24 * press);
  fold([at(36, 49), at(41, 58), at(39, 68)], 2.4, 0.6 * away);
}

/** Chin: its light, and its folds when it is pushed up (shrug) or forward. */
function paintChin(ctx, head, w) {
  const { unit, skin: at } = head;
  const shrug = w("mouthShrugLower");
  const frown = w("mouthFrown", 0);
  const forward = w("jawForward");
  blob(ctx, at, [-2, 89], [18, 9], C.glow, 0.3 + 0.2 * forward + 0.2 * shrug);
  crease(ctx, [at(-13, 82.5), at(-6, 80), at(6, 80), at(13, 82.5)], 2 * unit, C.fold, 0.75 * shrug + 0.3 * forward);
  for (const [x, y] of [[-9, 87], [0, 88], [9, 87], [-4.5, 91.5], [5, 91.5]]) {
    blob(ctx, at, [x, y], [5, 3], C.skinDeep, 0.3 * shrug + 0.12 * frown);
  }
}

/** The skin darkens where it turns away, towards the edge of the ellipse through both temples and the chin. */
function shadeEdge(ctx, outline) {
  const [left, right, chin] = [outline[TEMPLE], outline[outline.length - 1 - TEMPLE], outline[outline.length / 2]];
  const centre = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  within(ctx, centre, right, chin, () => {
    const gradient = ctx.createRadialGradient(0, 0, 0.62, 0, 0, 1.04);
    for (const [offset, alpha] of [[0, 0], [0.4, 0.08], [0.75, 0.26], [1, 0.52]]) {
      gradient.addColorStop(offset, rgba(C.skinDeep, alpha));
    }
    ctx.fillStyle = gradient;
    ctx.fillRect(-1.5, -1.5, 3, 3);
  });
}

/** The skin of the face with its light: warm from the upper left, cool from behind on the right. */
export function paintSkin(ctx, head, w) {
  const { unit, view, skin: at } = head;
  const outline = head.outline();
  ctx.save();
  polygon(ctx, outline);
  const tones = [[0, C.skinLight], [0.45, C.skin], [1, C.skinShade]];
  ctx.fillStyle = ramp(ctx, view.at(-70, -40, 20), view.at(78, 50, 20), tones);
  ctx.fill();
  ctx.clip();
  blob(ctx, at, [-14, -46], [46, 28], C.glow, 0.55);
  blob(ctx, at, [66, 30], [30, 80], C.skinDeep, 0.42);
  blob(ctx, at, [-70, 70], [26, 52], C.skinDeep, 0.3);
  for (const side of [-1, 1]) paintCheek(ctx, head, w, side);
  blob(ctx, at, [0, 63], [34, 22], C.skinLight, 0.25);
  shadeEdge(ctx, outline);
  for (let x = -72; x <= 72; x += 12) { // the hair's shadow
    blob(ctx, at, [x, -70 + 0.0075 * x * x], [26, 20], C.skinDeep, 0.13);
  }
  for (const side of [-1, 1]) paintFolds(ctx, head, w, side);
  paintChin(ctx, head, w);
  ctx.restore();
  const right = outline.slice(outline.length / 2).reverse();
  for (const [width, alpha] of [[3.2, 0.25], [1.5, 0.6]]) {
    ribbon(ctx, right.slice(20, -3), (t) => width * unit * Math.sin(Math.PI * t) ** 0.7, rgba(C.rim, alpha));
  }
}
