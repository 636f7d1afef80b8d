/** The websocket to the program: reconnects by itself and reports its state. */

import { NUMBERS } from "./frame.js";

const RETRY_MS = [250, 500, 1000, 2000];

/**
 * An address of the program, with the token from the page's own URL, if there is one.
 * @param {string} path such as "takes/a.csv"
 * @param {Record<string, string>} [query]
 * @returns {URL}
 */
export function address(path, query = {}) {
  const url = new URL(path, location.origin + "/");
  const token = new URLSearchParams(location.search).get("token");
  for (const [key, value] of Object.entries(token ? { ...query, token } : query)) url.searchParams.set(key, value);
  return url;
}

/**
 * @typedef {object} Listener
 * @property {(state: "connecting"|"open"|"waiting") => void} [connection]
 * @property {(timeS: number, frame: Float32Array) => void} [frame] one frame and its audio time in seconds
 * @property {(message: object) => void} [hello]
 * @property {(message: object) => void} [settings]
 * @property {(message: object) => void} [status]
 * @property {(message: {text: string}) => void} [said]
 * @property {(message: {text: string}) => void} [error]
 */

/** Keeps one connection. Messages sent while there is none are lost; the next one brings all settings anew. */
export class Link {
  #listener;
  #socket = null;
  #failures = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#listener.connection?.("connecting");
    this.#open();
  }

  /** Ask for settings: {key: value, …}. */
  set(values) {
    this.#send({ set: values });
  }

  /** @param {"save"|"calibrate"|"measure"} what */
  ask(what) {
    this.#send({ do: what });
  }

  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #open() {
    const url = address("ws");
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#listener.connection?.("open");
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => {
      this.#listener.connection?.("waiting");
      setTimeout(() => this.#open(), RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)]);
    };
    this.#socket = socket;
  }

  #hear(data) {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      if (message.type === "hello") this.#failures = 0; // not on opening: a program with too many pages opens, says so and closes
      this.#listener[message.type]?.(message);
      return;
    }
    const view = new DataView(data);
    const frame = Float32Array.from({ length: NUMBERS }, (_, i) => view.getFloat32(8 + 4 * i, true));
    this.#listener.frame?.(view.getFloat64(0, true), frame);
  }
}
