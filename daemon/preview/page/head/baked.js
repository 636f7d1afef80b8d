/**
 * Reads /head.bin; daemon/head.py says what is in it.
 *
 * @typedef {object} Head
 * @property {string[]} names the shapes, in the order of the deltas
 * @property {Object<string, [number, number]>} parts first index and count of each part
 * @property {number[][]} eyes centres of the eyeballs in cm: right, left
 * @property {number[]} landmarks vertices of the 68 Multi-PIE landmarks
 * @property {Float32Array} position cm, 3 per vertex: x to the head's own left, y up, z out of the face
 * @property {Uint16Array} index 3 vertices per triangle
 * @property {Uint8Array} light 2 per vertex: share of light that reaches it, mouth shut and jaw dropped
 * @property {Uint32Array} delta_start
 * @property {Float32Array} delta_scale
 * @property {Uint16Array} delta_vertex
 * @property {Int16Array} delta
 */

const FORMAT = 1;
const ARRAYS = {
  float32: Float32Array, int16: Int16Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array,
};

/**
 * @param {ArrayBuffer} buffer
 * @returns {Head}
 */
export function readHead(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  if (header.format !== FORMAT) {
    throw new Error(`/head.bin has format ${header.format}, this page draws ${FORMAT}: reload the page`);
  }
  const arrays = Object.entries(header.arrays).map(([name, { type, shape, offset }]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return [name, new ARRAYS[type](buffer, 4 + length + offset, count)];
  });
  return { ...header, ...Object.fromEntries(arrays) };
}
