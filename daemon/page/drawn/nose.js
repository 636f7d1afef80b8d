import { blob, crease, rgba, shape } from "./brush.js";
import { COLOURS as C } from "./colours.js";

const SHORT = 0.93; // the drawn nose is shorter than the one it was measured on

/** How far above the skin the ridge of the nose is at height y. */
function ridge(y) {
  return y < 40 ? 7 + 13 * Math.max(0, (y + 8) / 48) ** 1.2 : 20 - 1.1 * (y - 40);
}

function paintWing(ctx, head, w, side) {
  const { unit } = head;
  const sneer = w("noseSneer", side);
  const up = 5.5 * sneer + 1.5 * w("mouthUpperUp", side);
  const out = 2.2 * sneer + 1.2 * w("mouthFunnel") * -1;
  const at = (x, y, lift) => head.skull(side * (x + out), SHORT * y - up, lift);
  blob(ctx, at(11.5, 45, 7), at(18, 45, 5), at(11.5, 52, 5), C.skinLight, side < 0 ? 0.5 : 0.2);
  crease(ctx, [at(12.5, 37.5, 6), at(16.8, 41, 4), at(16.6, 47.5, 3), at(12.6, 50.5, 5)], 1.7 * unit, C.fold, 0.5 + 0.35 * sneer);
  shape(ctx, [at(3.6, 50.5, 13), at(7.5, 48.2 - 1.2 * sneer, 11), at(11, 49.3, 8), at(10, 51.6, 8), at(6.5, 52.4, 10)], rgba(C.fold, 0.85));
  for (const [y, dy] of [[5, 0.5], [12, 2.5]]) { // wrinkles over the bridge
    crease(ctx, [head.skull(side * 1.5, y - 1, ridge(y)), head.skull(side * 5.5, y + 0.5, 5), head.skull(side * 10, y + dy, 2)],
      1.6 * unit, C.fold, 0.5 * sneer);
  }
}

/** The nose, over the skin of the face. */
export function paintNose(ctx, head, w) {
  const { unit } = head;
  const at = (x, y, lift) => head.skull(x, SHORT * y, lift);
  const onRidge = (x, y) => at(x, y, ridge(y));
  // The side away from the light.
  blob(ctx, onRidge(7, 24), at(15, 24, 0), onRidge(9, 56), C.skinDeep, 0.34);
  blob(ctx, onRidge(7, -4), at(15, -4, 0), onRidge(7, 24), C.skinDeep, 0.22);
  blob(ctx, at(0, 57, 2), at(20, 57, 0), at(0, 66, 0), C.skinDeep, 0.3);
  blob(ctx, onRidge(-1, 41), onRidge(10, 41), onRidge(-1, 52), C.blush, 0.3);
  shape(ctx, [at(-13, 48, 5), at(-7, 49.5, 11), onRidge(0, 51.5), at(7, 49.5, 11), at(13, 48, 5), at(8, 53.5, 8), at(0, 55, 9), at(-8, 53.5, 8)],
    rgba(C.skinDeep, 0.32));
  for (const side of [-1, 1]) paintWing(ctx, head, w, side);
  blob(ctx, onRidge(-1.5, 12), onRidge(2.5, 12), onRidge(-1.5, 40), C.glow, 0.5);
  blob(ctx, onRidge(-2.5, 39), onRidge(3.5, 39), onRidge(-2.5, 45), C.glow, 0.9);
  crease(ctx, [onRidge(-6, 47), onRidge(0, 50.5), onRidge(6, 47)], 1.2 * unit, C.skinDeep, 0.4);
}
