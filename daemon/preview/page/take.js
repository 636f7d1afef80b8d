/** Recorded takes, read by the program, whatever their format; a face for any moment of one. */

import { decoded, NUMBERS, SHAPES } from "./frame.js";
import { address } from "./link.js";
import { mix } from "./playback.js";

/** One take, with frames at an even rate. */
export class Take {
  #numbers;
  #shown = new Float32Array(NUMBERS);

  /** @param {{name: string, fps: number, frames: number, numbers: string}} json numbers: base64 of float32 */
  constructor({ name, fps, frames, numbers }) {
    Object.assign(this, { name, fps, frames });
    this.#numbers = decoded(numbers);
    this.times = Float64Array.from({ length: frames }, (_, n) => n / fps);
  }

  /** Length in seconds. */
  get durationS() {
    return this.frames / this.fps;
  }

  /** One number of one frame. @param {number} n frame @param {number} index @returns {number} */
  number(n, index) {
    return this.#numbers[n * NUMBERS + index];
  }

  /** The interpolated frame at a time. @param {number} timeS @returns {Float32Array} valid until the next call */
  at(timeS) {
    const place = Math.min(Math.max(0, timeS * this.fps), this.frames - 1);
    const first = Math.min(Math.floor(place), Math.max(0, this.frames - 2));
    const frame = (n) => this.#numbers.subarray(n * NUMBERS, (n + 1) * NUMBERS);
    return mix(frame(first), frame(Math.min(first + 1, this.frames - 1)), place - first, this.#shown);
  }
}

/**
 * How far two takes differ, over the time they share, at the frames of the first.
 * @param {Take} a @param {Take} b
 * @returns {Float64Array} (52,) mean |a - b| of each shape
 */
export function difference(a, b) {
  const count = Math.min(a.frames, Math.floor((b.durationS - 1 / b.fps) * a.fps + 1e-6) + 1);
  const sums = new Float64Array(SHAPES);
  for (let n = 0; n < count; n++) {
    const other = b.at(n / a.fps);
    for (let i = 0; i < SHAPES; i++) sums[i] += Math.abs(a.number(n, i) - other[i]);
  }
  return sums.map((sum) => sum / Math.max(1, count));
}

async function answer(request) {
  const response = await request;
  if (!response.ok) throw new Error((await response.text()) || response.statusText);
  return response;
}

/** The names of the program's takes. @returns {Promise<string[]>} newest first */
export async function listTakes() {
  return (await (await answer(fetch(address("takes")))).json()).takes;
}

/** @param {string} name @returns {Promise<Take>} */
export async function fetchTake(name) {
  return new Take(await (await answer(fetch(address(`takes/${encodeURIComponent(name)}`)))).json());
}

/** The sound of a take. @param {string} name @returns {Promise<Blob | null>} */
export async function fetchSound(name) {
  const response = await fetch(address(`takes/${encodeURIComponent(name)}/sound`));
  return response.status === 200 ? response.blob() : null; // 204: the take has none
}

/** Have the program read a local file. @param {File} file @returns {Promise<Take>} */
export async function parseFile(file) {
  const request = fetch(address("take", { name: file.name }), { method: "POST", body: file });
  return new Take(await (await answer(request)).json());
}
