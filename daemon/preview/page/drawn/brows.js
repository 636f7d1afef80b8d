import { blob, crease, ribbon, rgba, sampled } from "./brush.js";
import { COLOURS as C } from "./colours.js";

function paintBrow(ctx, head, w, side) {
  const { unit } = head;
  const down = w("browDown", side);
  const inner = w("browInnerUp");
  const outer = w("browOuterUp", side);
  const pressed = 0.5 * w("eyeSquint", side) + 0.5 * w("noseSneer", side);
  const at = (x, y) => head.skin(side * x, y + pressed, 2);
  const line = sampled([
    at(13.5 - 3 * down + inner, -26.5 + 10.5 * down - 9 * inner - 0.5 * outer),
    at(23 - 2.5 * down, -30 + 9.5 * down - 6.5 * inner - 4 * outer),
    at(37 - down, -33.5 + 7.5 * down - 2 * inner - 8.5 * outer),
    at(49, -31.5 + 4.5 * down + 0.5 * inner - 9 * outer),
    at(60, -24.5 + 2 * down + 0.8 * inner - 6.5 * outer),
  ], 5);
  const width = (t) => (t < 0.12 ? 0.4 + 0.6 * Math.sqrt(t / 0.12) : 1 - 0.85 * ((t - 0.12) / 0.88) ** 1.7);
  ribbon(ctx, line, (t) => 7.2 * unit * width(t), rgba(C.brow, 0.9));
  const sheen = line.slice(3, -4).map(([x, y]) => [x, y - 1.1 * unit]);
  ribbon(ctx, sheen, (t) => 1.8 * unit * Math.sin(Math.PI * t), rgba(C.hairLight, 0.45));
}

/** Folds of the forehead and between the brows. */
function paintForehead(ctx, head, w) {
  const { unit, skin: at } = head;
  const inner = w("browInnerUp");
  for (const [y, alpha] of [[-46, 0.6], [-53, 0.4]]) {
    const wave = [at(-24, y + 1), at(-12, y - 2), at(0, y + 1), at(12, y - 2), at(24, y + 1)];
    crease(ctx, wave, 1.5 * unit, C.fold, 0.55 * alpha * inner);
  }
  for (const side of [-1, 1]) {
    const beside = (x, y) => at(side * x, y);
    const down = w("browDown", side);
    for (const [y, alpha] of [[-47, 0.6], [-53, 0.4]]) {
      const arch = [beside(20, y + 1), beside(36, y - 3), beside(53, y + 4)];
      crease(ctx, arch, 1.4 * unit, C.fold, 0.55 * alpha * w("browOuterUp", side));
    }
    crease(ctx, [beside(4, -24), beside(5.5, -16), beside(4, -8)], 1.5 * unit, C.fold, 0.75 * down);
    blob(ctx, beside, [8, -14], [12, 12], C.skinDeep, 0.3 * down);
  }
}

/** Both brows and the forehead above them. */
export function paintBrows(ctx, head, w) {
  paintForehead(ctx, head, w);
  for (const side of [-1, 1]) paintBrow(ctx, head, w, side);
}
