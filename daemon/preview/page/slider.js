/** Colour a slider's track up to its thumb. @param {HTMLInputElement} slider of type range */
export function fillTrack(slider) {
  const share = (slider.valueAsNumber - slider.min) / (slider.max - slider.min || 1);
  slider.style.setProperty("--share", share);
}
