import { NAMES } from "/names.js";

const INDEX = new Map(NAMES.map((name, index) => [name, index]));

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothstep(from, to, x) {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** A smooth hill of height 1 at `centre`, 0 from `reach` away. */
export function hill(x, centre, reach) {
  return smoothstep(reach, 0, Math.abs(x - centre));
}

/** From a to b. */
export function mix(a, b, t) {
  return a + (b - a) * t;
}

/**
 * The one way to read a frame. `w("jawOpen")` is that weight; `w("mouthSmile", side)` is the sided one: side 1 is the
 * person's left (the viewer's right), -1 the right; in between the two blend, so that it can run along a lip.
 *
 * @param {Float32Array} weights 52 values in the order of NAMES; kept within 0..1, not-a-number reads as 0
 * @returns {(name: string, side?: number) => number}
 */
export function reader(weights) {
  const one = (name) => Math.min(1, Math.max(0, weights[INDEX.get(name)] || 0));
  return (name, side) => {
    if (side === undefined) return one(name);
    return mix(one(name + "Right"), one(name + "Left"), smoothstep(-0.6, 0.6, side));
  };
}
