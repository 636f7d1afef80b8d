"""Sound from a microphone, through PortAudio. The callback copies and returns; all else happens in `run`."""

import atexit
import logging
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, RLock, Thread
from typing import Any, Final

import numpy as np

from daemon.line.blocks import CHUNK_MS, AudioChunk
from daemon.line.clock import SYSTEM
from daemon.line.queues import DropOldestQueue
from daemon.sound.anchor import Timeline
from daemon.sound.devices import WASAPI, Device, find, host_api, inputs, label, portaudio
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


class Microphone:
    """An input device: `wanted` chooses it as in `find`.

    PortAudio looks for devices only when it starts, and a restart closes the streams of all. One that is opened
    `beside` another leaves that to the other one, so as not to interrupt it.
    """

    def __init__(self, wanted: str | None = None, beside: "Microphone | None" = None) -> None:
        self._sd = portaudio()
        self._away = False
        self._beside = beside
        self._guests: list[Microphone] = []
        self._lock: AbstractContextManager[bool] = beside._lock if beside else RLock()
        """Held where PortAudio may be restarted, or must not be."""
        self._blocks = DropOldestQueue[tuple[Samples, int]](1000 // CHUNK_MS)
        device = find(self._sd, wanted)
        self._label = None if wanted is None else label(self._sd, device)
        self._open(device)
        if beside:
            beside._guests.append(self)

    def is_meant(self, wanted: str) -> bool:
        """Whether `find` would choose this device. Raises FacewireError as it does."""
        return bool(find(self._sd, wanted)["index"] == self._index)

    def _again(self) -> Device:
        """The device that has been away, by name and host API, because numbers change; or whichever is default now."""
        if self._label is None:
            return find(self._sd, None)
        same = [device for device in inputs(self._sd) if label(self._sd, device) == self._label]
        if not same:
            raise FacewireError(f"the microphone {self.name!r} is away")
        return same[0]

    def _open(self, device: Device) -> None:
        self.name, self._index = str(device["name"]), device["index"]
        self.rate_hz = round(device["default_samplerate"])
        try:
            self._stream = self._sd.InputStream(
                samplerate=self.rate_hz,
                blocksize=self.rate_hz * CHUNK_MS // 1000,
                device=device["index"],
                channels=min(2, device["max_input_channels"]),
                dtype="float32",
                latency="low",
                extra_settings=self._host_settings(device),
                callback=self._callback,
            )
        except self._sd.PortAudioError as error:
            raise FacewireError(
                f"the microphone {self.name!r} cannot be opened: {error}; another program may hold it, or the "
                "system may deny access (look at its privacy settings); `facewire devices` lists the others"
            ) from error
        self.latency_ms = float(self._stream.latency) * 1000 + lag_ms(self.rate_hz)

    def _host_settings(self, device: Device) -> Any:
        """WASAPI refuses what the device does not do itself, such as fewer channels, unless it is told to convert."""
        return self._sd.WasapiSettings(auto_convert=True) if host_api(self._sd, device) == WASAPI else None

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
        _join_com()
        try:
            self._start()
            while not stop.is_set():
                heard = self._listen(timeline, chunks, stop, back=not heard) or heard
                if not stop.is_set():
                    if heard:
                        meanwhile = "the face listens to nobody" if self._beside else "the face rests"
                        log.warning("the microphone %r is gone; %s until it is back", self.name, meanwhile)
                    heard, self._away = False, True
                    self._reopen(stop)
        finally:
            self._within_limit(self._close, HANG_S)

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
            heard, self._away = True, False
            if len(samples):
                chunks.put(AudioChunk(samples, timeline.place(len(samples), arrived_ns), arrived_ns))
        return heard

    def _reopen(self, stop: Event) -> None:
        """Try again and again to open the device, until it can be opened or `stop` is set."""
        while not stop.wait(RETRY_S):
            if self._beside and self._beside._away:  # which restarts PortAudio again and again
                continue
            if not self._within_limit(self._close if self._beside else self._restart_portaudio, HANG_S):
                raise FacewireError(
                    "the system's sound service hangs since the microphone is gone; start facewire again"
                )
            try:
                with self._lock:
                    self._open(self._again())
                    self._start()
            except FacewireError:
                continue
            return

    def _close(self) -> None:
        with self._lock:
            self._stream.close(ignore_errors=True)

    def _restart_portaudio(self) -> None:
        with self._lock:
            for each in (self, *self._guests):
                each._close()
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


def _join_com() -> None:
    """WASAPI refuses threads that have not joined Windows' COM; PortAudio joins only the thread that loads it."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.ole32.CoInitializeEx(None, 0)  # the multithreaded apartment, where threads of no other are, too


def mono(block: Samples) -> Samples:
    """(n, channels) to (n,): the mean; what is not a number is silence."""
    finite = np.where(np.isfinite(block), block, np.float32(0))
    return np.asarray(finite.mean(axis=1), np.float32)
