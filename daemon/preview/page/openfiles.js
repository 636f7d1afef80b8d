/** Local files, chosen with the page's buttons or dropped on it. */

import { find } from "./dom.js";

const SOUNDS = /\.(wav|flac|ogg|opus|mp3|m4a)$/i;

/** Whether a file is a sound, not a take. @param {File} file */
export const isSound = (file) => file.type.startsWith("audio/") || SOUNDS.test(file.name);

/**
 * Listen.
 * @param {string[]} places the buttons' names: #NAME-open; "sound" asks for sounds
 * @param {(files: File[], place: string | null) => void} onFiles place is null for dropped files
 */
export function listenToFiles(places, onFiles) {
  const input = find("#file");
  let wanted = null;
  for (const place of places) {
    find(`#${place}-open`).addEventListener("click", () => {
      wanted = place;
      input.accept = place === "sound" ? "audio/*" : ".csv,.json,.npz";
      input.value = "";
      input.click();
    });
  }
  input.addEventListener("change", () => onFiles([...input.files], wanted));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    onFiles([...event.dataTransfer.files], null);
  });
}
