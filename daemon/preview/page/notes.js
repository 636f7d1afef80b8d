/** The message over the face that explains why it does not move. */

import { find } from "./dom.js";

const SILENT_DB = -70;
const SILENT_AFTER_S = 3;
const SLOW_AFTER_S = 5;

/**
 * The most important message, or null.
 * @param {object} state
 * @param {"connecting"|"open"|"waiting"} state.connection
 * @param {string} state.phase
 * @param {number} state.phaseS seconds since the page was told of this phase
 * @param {string} state.input
 * @param {object} state.settings
 * @param {boolean} state.silent
 * @returns {{kind: string, title: string, text: string} | null}
 */
export function noteFor({ connection, phase, phaseS, input, settings, silent }) {
  if (connection === "connecting") return { kind: "waiting", title: "connecting…", text: "" };
  if (connection === "waiting")
    return { kind: "waiting", title: "the program has ended", text: "this page goes on when facewire run is started again" };
  if (phase === "ended")
    return { kind: "ended", title: "the sound has ended", text: "the face is at rest; start facewire run again" };
  if (phase === "starting") return { kind: "starting", title: "starting…", text: startingText(phaseS) };
  if (settings?.freeze) return { kind: "frozen", title: "frozen", text: "press Freeze again to let the face move" };
  if (settings?.mute) return { kind: "muted", title: "muted", text: "press Mute again to be heard" };
  if (silent)
    return {
      kind: "silent",
      title: `no sound from ${input}`,
      text: "is the microphone on, and is it the right one? facewire devices lists them",
    };
  return null;
}

/** The face that ships opens at once; any other checkpoint or encoder has to be converted the first time. */
const startingText = (phaseS) =>
  phaseS < SLOW_AFTER_S
    ? "opening the face"
    : "still opening the face: the first start with another checkpoint or encoder converts it for onnxruntime, " +
      "which can take a minute or more; later starts are quick";

/** Watches the level; silent means below −70 dB for 3 s. */
export class Silence {
  #sinceS = null;

  /** @param {number} levelDb @param {number} nowS @returns {boolean} */
  hear(levelDb, nowS) {
    if (levelDb >= SILENT_DB) this.#sinceS = null;
    else this.#sinceS ??= nowS;
    return this.#sinceS !== null && nowS - this.#sinceS >= SILENT_AFTER_S;
  }
}

/** Show a message, or none. @param {ReturnType<typeof noteFor>} note */
export function showNote(note) {
  const box = find("#note");
  const [title, text] = box.children;
  box.hidden = !note;
  if (!note) return;
  box.dataset.kind = note.kind;
  for (const [element, words] of [[title, note.title], [text, note.text]])
    if (element.textContent !== words) element.textContent = words; // each change is read out to the blind
}
