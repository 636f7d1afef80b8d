import { blob, crease, rgba, shape } from "./brush.js";
import { COLOURS as C } from "./colours.js";

const SHORT = 0.93; // the drawn nose is shorter than the one it was measured on

/** How far above the skin the ridge of the nose is at height y. */
function ridge(y) {
  return y < 40 ? 7 + 13 * Math.max(0, (y + 8) / 48) ** 1.2 : 20 - 1.1 * (y - 40);
}

/** Wing and nostril of one side, and the wrinkles that a sneer makes over the bridge. */
function paintWing(ctx, head, w, side) {
  const { unit } = head;
  const sneer = w("noseSneer", side);
  const up = 5.5 * sneer + 1.5 * w("mouthUpperUp", side);
  const out = 2.2 * sneer - 1.2 * w("mouthFunnel");
  const at = (x, y, lift) => head.skull(side * (x + out), SHORT * y - up, lift);
  blob(ctx, at, [11.5, 45, 6], [6.5, 7], C.skinLight, side < 0 ? 0.5 : 0.2);
  const wing = [at(12.5, 37.5, 6), at(16.8, 41, 4), at(16.6, 47.5, 3), at(12.6, 50.5, 5)];
  crease(ctx, wing, 1.7 * unit, C.fold, 0.5 + 0.35 * sneer);
  shape(ctx, [
    at(3.6, 50.5, 13), at(7.5, 48.2 - 1.2 * sneer, 11), at(11, 49.3, 8), at(10, 51.6, 8), at(6.5, 52.4, 10),
  ], rgba(C.fold, 0.85));
  const bridge = (x, y, lift) => head.skull(side * x, y, lift);
  for (const [y, lower] of [[5, 0.5], [12, 2.5]]) {
    const wrinkle = [bridge(1.5, y - 1, ridge(y)), bridge(5.5, y + 0.5, 5), bridge(10, y + lower, 2)];
    crease(ctx, wrinkle, 1.6 * unit, C.fold, 0.5 * sneer);
  }
}

/** The nose, over the skin of the face. */
export function paintNose(ctx, head, w) {
  const at = (x, y, lift) => head.skull(x, SHORT * y, lift);
  const onRidge = (x, y) => at(x, y, ridge(y));
  blob(ctx, onRidge, [7, 24], [8, 32], C.skinDeep, 0.3); // the side away from the light
  blob(ctx, onRidge, [7, -4], [8, 28], C.skinDeep, 0.2);
  blob(ctx, at, [0, 57, 1], [20, 9], C.skinDeep, 0.3);
  blob(ctx, onRidge, [-1, 41], [11, 11], C.blush, 0.3);
  shape(ctx, [
    at(-13, 48, 5), at(-7, 49.5, 11), onRidge(0, 51.5), at(7, 49.5, 11), at(13, 48, 5), at(8, 53.5, 8), at(0, 55, 9),
    at(-8, 53.5, 8),
  ], rgba(C.skinDeep, 0.32));
  for (const side of [-1, 1]) paintWing(ctx, head, w, side);
  blob(ctx, onRidge, [-1.5, 12], [4, 28], C.glow, 0.5);
  blob(ctx, onRidge, [-2.5, 39], [6, 6], C.glow, 0.9);
  crease(ctx, [onRidge(-6, 47), onRidge(0, 50.5), onRidge(6, 47)], 1.2 * head.unit, C.skinDeep, 0.4);
}
