/** Play, pause, seek and speed, by the clock of the sound, or by its own without a sound or past its end. */

/** A clock that runs or stands still. */
class Clock {
  #atS = 0;
  #sinceMs = null;
  #rate = 1;

  get timeS() {
    return this.#sinceMs === null ? this.#atS : this.#atS + ((performance.now() - this.#sinceMs) / 1000) * this.#rate;
  }

  set timeS(timeS) {
    this.#atS = timeS;
    if (this.playing) this.#sinceMs = performance.now();
  }

  set rate(rate) {
    this.timeS = this.timeS; // up to now it ran at the old rate
    this.#rate = rate;
  }

  get playing() {
    return this.#sinceMs !== null;
  }

  set playing(playing) {
    this.#atS = this.timeS;
    this.#sinceMs = playing ? performance.now() : null;
  }
}

/** The position in the takes. While a sound plays, its time counts. */
export class Transport {
  #clock = new Clock();
  #audio = new Audio();
  /** Length in seconds, where it stops. */
  durationS = 0;

  constructor() {
    this.#audio.addEventListener("ended", () => (this.#clock.timeS = this.#audio.duration));
    this.#audio.addEventListener("loadedmetadata", () => this.seek(this.timeS));
  }

  /** Use another sound. @param {Blob | null} sound null for none */
  load(sound) {
    this.pause();
    URL.revokeObjectURL(this.#audio.src);
    if (sound) this.#audio.src = URL.createObjectURL(sound);
    else this.#audio.removeAttribute("src");
    this.#audio.load();
  }

  get #sounding() {
    return !this.#audio.paused && !this.#audio.ended && this.#audio.readyState > 0;
  }

  /** Seconds from the start. */
  get timeS() {
    return Math.min(this.durationS, this.#sounding ? this.#audio.currentTime : this.#clock.timeS);
  }

  get playing() {
    return this.#clock.playing;
  }

  /** Speed; 1 is as recorded. @param {number} rate */
  set rate(rate) {
    this.#clock.rate = rate;
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = rate;
  }

  /** Play; at the end, from the start. */
  play() {
    if (this.timeS >= this.durationS) this.seek(0);
    this.#clock.playing = true;
    this.seek(this.timeS); // starts the sound there, if there is one
  }

  pause() {
    this.#clock.timeS = this.timeS;
    this.#clock.playing = false;
    this.#audio.pause();
  }

  /** @param {number} timeS seconds from the start */
  seek(timeS) {
    this.#clock.timeS = Math.min(this.durationS, Math.max(0, timeS));
    if (!(this.#clock.timeS < this.#audio.duration)) return this.#audio.pause(); // no sound, or a shorter one
    this.#audio.currentTime = this.#clock.timeS;
    if (this.playing) this.#audio.play().catch(() => {}); // refused, or paused meanwhile: the clock runs on
  }
}
