/**
 * Where the skin is lip, brow, hair and rosy. The kit has no texture: places on the head at rest decide.
 * Lengths are cm; x is the distance from the middle, both sides are painted alike.
 */

/**
 * @param {import("./baked.js").Head} head
 * @returns {{tint: Uint8Array, strands: Int8Array}} `tint`, 4 per vertex: lip, hair, rosy, lash line. `strands`, 4 per
 *   vertex, hundredths: of skin, the place along the brow (0 its inner end, 1 its outer) and the height above its
 *   middle in cm; of lashes, the place along the lid in tens of cm and the way from it in cm; 0, 0.
 */
export function paint(head) {
  const count = head.position.length / 3;
  const tint = new Uint8Array(4 * count);
  const strands = new Int8Array(4 * count);
  const mark = (landmark) => place(head, head.landmarks[landmark]);
  const lips = smoothClosed([54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55].map(mark));
  const eye = smoothClosed([42, 43, 44, 45, 46, 47].map(mark));
  const brows = [22, 23, 24, 25, 26].map(mark);
  const [first, length] = head.parts.lashes;
  const lashes = new Set(head.index.subarray(first, first + length));
  for (let vertex = 0; vertex < count; vertex++) {
    const [side, y, z] = place(head, vertex);
    const x = Math.abs(side);
    const values = [lip(lips, side, y, z), hair(x, y, z), rosy(x, y, z), lashLine(eye, x, y, z)];
    values.forEach((value, i) => { tint[4 * vertex + i] = Math.round(255 * clamp(value)); });
    const [along, away] = lashes.has(vertex) ? alongLid(eye, x, y, z) : alongBrow(brows, x, y, z);
    strands[4 * vertex] = hundredths(along);
    strands[4 * vertex + 1] = hundredths(away);
  }
  return { tint, strands };
}

function place(head, vertex) {
  return head.position.subarray(3 * vertex, 3 * vertex + 3);
}

const clamp = (value) => Math.max(0, Math.min(1, value));
const hundredths = (value) => Math.round(100 * Math.max(-1.27, Math.min(1.27, value)));
const step = (from, to, value) => {
  const t = clamp((value - from) / (to - from));
  return t * t * (3 - 2 * t);
};
const blob = (x, y, z, at, radius) =>
  Math.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2 + (z - at[2]) ** 2) / radius ** 2);

function lip(outline, x, y, z) {
  if (z < 8.5 || y > -1 || y < -6 || Math.abs(x) > 3.5) {
    return 0;
  }
  const distance = distanceTo(outline, x, y);
  return step(-0.12, 0.1, isInside(outline, x, y) ? distance : -distance);
}

function hair(x, y, z) {
  const front = y - (11.0 - 0.02 * x * x + 0.9 * blob(x, 0, 0, [4.6, 0, 0], 2));
  const temple = Math.min(2.7 - z + 0.35 * (y - 5), y - 2.6);
  const nape = Math.min(-2.2 - z, y + 5.2);
  const ear = x > 7.35 && y > -2.5 && y < 4.2 && z > -4.5 && z < 2.4 ? step(7.4, 7.8, x) * step(4.2, 3.4, y) : 0;
  return step(-1.3, 1.1, Math.max(front, temple, nape)) * (1 - ear);
}

function rosy(x, y, z) {
  const ear = x > 7.6 && y > -2.5 && y < 5.6 && z < 3 ? 0.7 * step(7.6, 8.6, x) : 0;
  return 0.75 * blob(x, y, z, [4.8, 0.2, 8.8], 2.6) + 0.9 * blob(x, y, z, [0, 0.6, 12.6], 1.5)
    + 0.5 * blob(x, y, z, [1.4, 0, 11], 0.9) + 0.35 * blob(x, y, z, [0, -6.6, 10.5], 1.8) + ear;
}

function lashLine(outline, x, y, z) {
  if (z < 8 || x < 1.2 || x > 5.4 || y < 2 || y > 5) {
    return 0;
  }
  const upper = step(2.9, 3.5, y);
  return Math.exp(-((distanceTo(outline, x, y) / (0.13 + 0.05 * upper)) ** 2)) * (0.55 + 0.45 * upper);
}

/** The closed curve through the points (Catmull-Rom), in space. */
function smoothClosed(points) {
  const at = (i) => points[(i + points.length) % points.length];
  return points.flatMap((_, i) => [0, 0.25, 0.5, 0.75].map((t) => [0, 1, 2].map((axis) => {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)].map((point) => point[axis]);
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  })));
}

function isInside(outline, x, y) {
  let inside = false;
  outline.forEach(([ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length];
    if ((ay > y) !== (by > y) && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) {
      inside = !inside;
    }
  });
  return inside;
}

function distanceTo(outline, x, y) {
  let least = Infinity;
  outline.forEach(([ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length];
    const t = clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2));
    least = Math.min(least, Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)));
  });
  return least;
}

/** Place along the brow, 0..1 and beyond its ends, and height above it in cm; far from it behind the temples. */
function alongBrow(line, x, y, z) {
  const lengths = line.slice(1).map((point, i) => Math.hypot(point[0] - line[i][0], point[1] - line[i][1]));
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  let best = [0, Infinity], before = 0;
  lengths.forEach((length, i) => {
    const [ax, ay] = line[i];
    const ux = (line[i + 1][0] - ax) / length, uy = (line[i + 1][1] - ay) / length;
    let along = (x - ax) * ux + (y - ay) * uy;
    along = Math.max(i === 0 ? -Infinity : 0, Math.min(i === lengths.length - 1 ? Infinity : length, along));
    const dx = x - ax - along * ux, dy = y - ay - along * uy;
    const above = Math.hypot(dx, dy) * (ux * dy - uy * dx < 0 ? -1 : 1);
    if (Math.abs(above) < Math.abs(best[1])) {
      best = [(before + along) / whole, above];
    }
    before += length;
  });
  return z > 4 ? best : [best[0], Infinity];
}

/** Place along the lids in tens of cm, from the inner corner over the upper lid, and distance from them in cm. */
function alongLid(outline, x, y, z) {
  let best = [0, Infinity], before = 0;
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length];
    const edge = b.map((value, axis) => value - a[axis]);
    const length = Math.hypot(...edge);
    const to = [x - a[0], y - a[1], z - a[2]];
    const t = clamp(to.reduce((sum, value, axis) => sum + value * edge[axis], 0) / length ** 2);
    const away = Math.hypot(...to.map((value, axis) => value - t * edge[axis]));
    if (away < best[1]) {
      best = [(before + t * length) / 10, away];
    }
    before += length;
  });
  return best;
}
