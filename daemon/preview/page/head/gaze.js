/** Where the eyes look, and rotation matrices. */

const SIDEWAYS = 0.46, UP = 0.4, DOWN = 0.45;  // radians at weight 1, where the kit's lids follow

/**
 * @param {(name: string) => number} weight of "eyeLookIn" and so on, of this eye
 * @param {"Left" | "Right"} side the head's own
 * @returns {{yaw: number, pitch: number}} radians; yaw > 0 to the head's own left, pitch > 0 up
 */
export function gazeOf(weight, side) {
  const outwards = SIDEWAYS * (weight("eyeLookOut") - weight("eyeLookIn"));
  return {
    yaw: side === "Left" ? outwards : -outwards,
    pitch: UP * weight("eyeLookUp") - DOWN * weight("eyeLookDown"),
  };
}

/**
 * @param {number} yaw radians, > 0 to the head's own left
 * @param {number} pitch radians, > 0 up
 * @param {number} roll radians, > 0 tilts to the head's own left
 * @returns {number[]} 9, by columns
 */
export function matrix(yaw, pitch, roll) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const [cr, sr] = [Math.cos(roll), Math.sin(roll)];
  const nod = product([cy, 0, -sy, 0, 1, 0, sy, 0, cy], [1, 0, 0, 0, cp, -sp, 0, sp, cp]);
  return product(nod, [cr, -sr, 0, sr, cr, 0, 0, 0, 1]);
}

/**
 * @param {number[]} a 9, by columns
 * @param {number[]} b
 * @returns {number[]} b first, then a
 */
export function product(a, b) {
  return [0, 3, 6].flatMap((column) => [0, 1, 2].map((row) =>
    a[row] * b[column] + a[3 + row] * b[column + 1] + a[6 + row] * b[column + 2]));
}
