"""Sound from a microphone, through PortAudio. The callback copies and returns; all else happens in `run`."""

import atexit
import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Final

import numpy as np

from daemon.line.blocks import CHUNK_MS, AudioChunk
from daemon.line.clock import SYSTEM
from daemon.line.queues import DropOldestQueue
from daemon.sound.anchor import Timeline
from daemon.sound.resample import Resampler, lag_ms
from model.windows import Samples
from protocols.errors import FacewireError

SILENT_S: Final = 2.0
"""A sound card that has delivered nothing for so long is gone."""
RETRY_S: Final = 1.0
HANG_S: Final = 2.0
"""Closing a stream takes milliseconds, or for ever."""
START_S: Final = 10.0
"""Starting one can take seconds, with a headset by radio."""

log = logging.getLogger(__name__)


def portaudio() -> Any:
    """The module sounddevice. Raises FacewireError where PortAudio is not installed."""
    try:
        import sounddevice
    except OSError as error:
        raise FacewireError(
            f"no microphone can be used: {error}. On Linux install PortAudio: sudo apt install libportaudio2"
        ) from error
    return sounddevice


def inputs(sd: Any) -> list[dict[str, Any]]:
    """All devices that can record; `index` is the number that `mic:NUMBER` takes."""
    return [device for device in sd.query_devices() if device["max_input_channels"] > 0]


def find(sd: Any, wanted: str | None) -> dict[str, Any]:
    """The device by its number or a part of its name, or the default one. Raises FacewireError listing all."""
    devices = inputs(sd)
    if wanted is None:
        index = sd.default.device[0]
        matches = [device for device in devices if device["index"] == index]
    else:
        matches = [d for d in devices if wanted == str(d["index"]) or wanted.casefold() in d["name"].casefold()]
        matches.sort(key=lambda d: wanted not in (d["name"], str(d["index"])))  # exact ones first
    if matches:
        return matches[0]
    known = (
        "\n".join(f"  mic:{d['index']}  {d['name']}" for d in devices)
        or "  (none: plug one in, or use --input FILE or --input demo)"
    )
    what = f"there is no microphone {wanted!r}" if wanted else "there is no default microphone"
    raise FacewireError(f"{what}; the inputs here are\n{known}")


class Microphone:
    """An input device: `wanted` is its number or a part of its name, None the default one."""

    def __init__(self, wanted: str | None = None) -> None:
        self._sd = portaudio()
        self._wanted = wanted
        self._blocks = DropOldestQueue[tuple[Samples, int]](1000 // CHUNK_MS)
        self._open()

    def _open(self) -> None:
        device = find(self._sd, self._wanted)
        self.name = str(device["name"])
        if self._wanted is not None:
            self._wanted = self.name  # numbers may change when devices come and go
        self.rate_hz = round(device["default_samplerate"])
        try:
            self._stream = self._sd.InputStream(
                samplerate=self.rate_hz,
                blocksize=self.rate_hz * CHUNK_MS // 1000,
                device=device["index"],
                channels=min(2, device["max_input_channels"]),
                dtype="float32",
                latency="low",
                callback=self._callback,
            )
        except self._sd.PortAudioError as error:
            raise FacewireError(
                f"the microphone {self.name!r} cannot be opened: {error}; another program may hold it, or the "
                "system may deny access (look at its privacy settings); `facewire devices` lists the others"
            ) from error
        self.latency_ms = float(self._stream.latency) * 1000 + lag_ms(self.rate_hz)

    def _callback(self, indata: Samples, _frames: int, _time: Any, _status: Any) -> None:
        self._blocks.put((indata.copy(), SYSTEM.now_ns()))

    def _start(self) -> None:
        refused: list[Exception] = []

        def start() -> None:
            try:
                self._stream.start()
            except self._sd.PortAudioError as error:
                refused.append(error)

        if not self._within_limit(start, START_S):
            raise FacewireError(
                f"the microphone {self.name!r} does not start: the system's sound service hangs; start facewire again"
            )
        if refused:
            raise FacewireError(f"the microphone {self.name!r} does not start: {refused[0]}") from refused[0]

    def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
        """Deliver sound until `stop` is set. A device that vanishes is waited for.

        Raises FacewireError if the sound system takes the whole of PortAudio down with the device.
        """
        timeline, heard = Timeline(), True
        try:
            self._start()
            while not stop.is_set():
                heard = self._listen(timeline, chunks, stop, back=not heard) or heard
                if not stop.is_set():
                    if heard:
                        log.warning("the microphone %r is gone; the face rests until it is back", self.name)
                    heard = False
                    self._reopen(stop)
        finally:
            self._within_limit(lambda: self._stream.close(ignore_errors=True), HANG_S)

    def _listen(self, timeline: Timeline, chunks: DropOldestQueue[AudioChunk], stop: Event, *, back: bool) -> bool:
        """Deliver sound until the device is gone or `stop` is set; returns whether there was any."""
        resampler, latest_s, heard = Resampler(self.rate_hz), time.monotonic(), False
        while not stop.is_set() and time.monotonic() - latest_s < SILENT_S:
            block = self._blocks.get(timeout_s=0.1)
            if block is None:
                continue
            latest_s = time.monotonic()
            samples, arrived_ns = resampler.push(mono(block[0])), block[1]
            if not heard:
                timeline.skip_to(arrived_ns - CHUNK_MS * 1_000_000)
                if back:
                    log.warning("the microphone %r is back", self.name)
            heard = True
            if len(samples):
                chunks.put(AudioChunk(samples, timeline.place(len(samples), arrived_ns), arrived_ns))
        return heard

    def _reopen(self, stop: Event) -> None:
        """Try again and again to open the device, until it can be opened or `stop` is set."""
        while not stop.wait(RETRY_S):
            if not self._within_limit(self._restart_portaudio, HANG_S):
                raise FacewireError(
                    "the system's sound service hangs since the microphone is gone; start facewire again"
                )
            try:
                self._open()
                self._start()
            except FacewireError:
                continue
            return

    def _restart_portaudio(self) -> None:
        self._stream.close(ignore_errors=True)
        self._sd._terminate()
        self._sd._initialize()  # the only time at which PortAudio looks for devices

    def _within_limit(self, job: Callable[[], None], limit_s: float) -> bool:
        """Do what may hang in PortAudio when a device has died; False if it does, then nothing may wait for it."""
        thread = Thread(target=job, name="portaudio", daemon=True)
        thread.start()
        thread.join(limit_s)
        if thread.is_alive():
            atexit.unregister(self._sd._exit_handler)
        return not thread.is_alive()


def mono(block: Samples) -> Samples:
    """(n, channels) to (n,): the mean; what is not a number is silence."""
    finite = np.where(np.isfinite(block), block, np.float32(0))
    return np.asarray(finite.mean(axis=1), np.float32)
