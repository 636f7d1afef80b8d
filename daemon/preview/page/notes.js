/** What is written over the face, large and plain, when it does not move as one would expect. */

import { find } from "./dom.js";

const SILENT_DB = -70;
const SILENT_AFTER_S = 3;

/**
 * The one note that matters most, or null.
 * @param {{connection: string, phase: string, input: string, settings: object, silent: boolean}} state
 * @returns {{kind: string, title: string, text: string} | null}
 */
export function noteFor({ connection, phase, input, settings, silent }) {
  if (connection === "connecting") return { kind: "waiting", title: "connecting…", text: "" };
  if (connection === "waiting")
    return { kind: "waiting", title: "the program has ended; waiting for it", text: "start facewire run again" };
  if (phase === "ended")
    return { kind: "ended", title: "the sound has ended", text: "the face rests; start facewire run again" };
  if (phase === "starting") return { kind: "starting", title: "starting…", text: "the model is loading" };
  if (settings?.freeze) return { kind: "frozen", title: "frozen", text: "f lets the face move again" };
  if (settings?.mute) return { kind: "muted", title: "muted", text: "m lets the face hear again" };
  if (silent)
    return {
      kind: "silent",
      title: `I hear nothing: ${input}`,
      text: "is the microphone on, and is it the one you mean? facewire devices lists them",
    };
  return null;
}

/** Watches the level: silent means below −70 dB for 3 s. */
export class Silence {
  #sinceS = null;

  /** @param {number} levelDb @param {number} nowS @returns {boolean} */
  hear(levelDb, nowS) {
    if (levelDb >= SILENT_DB) this.#sinceS = null;
    else this.#sinceS ??= nowS;
    return this.#sinceS !== null && nowS - this.#sinceS >= SILENT_AFTER_S;
  }
}

/** Show a note, or none. */
export function showNote(note) {
  const box = find("#note");
  const [title, text] = box.children;
  box.hidden = !note;
  if (!note || (box.dataset.kind === note.kind && title.textContent === note.title)) return;
  box.dataset.kind = note.kind;
  title.textContent = note.title;
  text.textContent = note.text;
}
