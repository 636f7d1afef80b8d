"""Records takes: the face as it was sent and the sound it was made from, on one time line.

The recorder is a sink that gets every frame, and a listener that hears all sound. While the setting `record` is on, a
take grows; when it is switched off, `<date>.csv` and `<date>.wav` are written. Sound is ahead of its face by the
latency, so its last seconds are always kept.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from threading import Lock, Thread
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from daemon.settings.config import LONGEST_LATENCY_MS
from daemon.settings.live import LiveSettings
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import takes
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from protocols.frame import Frame
from protocols.sinks import SinkSpec
from protocols.takes import Take

KEPT_SAMPLES: Final = (LONGEST_LATENCY_MS // 1000 + 1) * SAMPLE_RATE_HZ
"""Sound that is kept while nothing is recorded: more than any latency."""
LONGEST_S: Final = 30 * 60
"""A take ends after half an hour at the latest."""

log = logging.getLogger(__name__)


class Recorder:
    """Records one take at a time into the folder that the settings name."""

    spec = SinkSpec("recorder", "this computer", 0, None, 0)

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._sound: deque[tuple[int, Samples]] = deque()
        self._frames: list[Frame] = []
        self._writers: list[Thread] = []

    @property
    def seconds(self) -> float | None:
        """Length of the take that is being recorded; None if there is none."""
        frames = self._frames
        return float(len(frames) / frames[0].rate) if frames else None

    def hear(self, start: int, samples: Samples) -> None:
        """Take sound (n,) whose first sample has this index."""
        with self._lock:
            self._sound.append((start, samples))
            while not self._frames and self._sound[0][0] < start - KEPT_SAMPLES:
                self._sound.popleft()

    def send(self, frame: Frame) -> None:
        """Take a frame of the face; begins and ends takes as the setting says."""
        if self._settings.now.record:
            with self._lock:
                self._frames.append(frame)
            if frame.time_s - self._frames[0].time_s >= LONGEST_S:
                self._settings.change({"record": False})
        elif self._frames:
            self._end()

    def close(self) -> None:
        """Write the take that is being recorded, and wait until all are written."""
        self._end()
        for writer in self._writers:
            writer.join()

    def _end(self) -> None:
        with self._lock:
            frames, self._frames = self._frames, []
            sound = list(self._sound)
        if frames:
            path = free_name(self._settings.now.takes, time.strftime("%Y-%m-%d %H-%M-%S"))
            self._writers.append(Thread(target=self._write, args=(path, frames, sound), name="take"))
            self._writers[-1].start()

    def _write(self, path: Path, frames: list[Frame], sound: list[tuple[int, Samples]]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_sound(path.with_suffix(".wav"), cut(sound, frames))
            takes.write(path, even(frames))
        except (OSError, FacewireError) as error:
            self._settings.say(f"the take could not be written: {error}")
            log.error("the take could not be written: %s", error)
            return
        self._settings.say(f"recorded {path} and {path.with_suffix('.wav').name}")


def free_name(folder: Path, stem: str) -> Path:
    """`<stem>.csv` in the folder, with a number after it if that exists already."""
    names = (f"{stem}{f' ({n})' if n > 1 else ''}.csv" for n in range(1, 1000))
    return next(folder / name for name in names if not (folder / name).exists())


def even(frames: list[Frame]) -> Take:
    """Every frame from the first to the last; frames that were not sent are interpolated."""
    sent = np.array([frame.index for frame in frames])
    wanted = np.arange(sent[0], sent[-1] + 1)

    def filled(numbers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        columns = np.stack(numbers).T
        return np.stack([np.interp(wanted, sent, column) for column in columns], axis=-1).astype(np.float32)

    weights, poses = filled([frame.weights for frame in frames]), filled([frame.pose for frame in frames])
    return Take(weights, frames[0].rate, poses)


def cut(sound: list[tuple[int, Samples]], frames: list[Frame]) -> Samples:
    """The sound (n,) of these frames; zeros where it was lost."""
    begin, end = (_sample(time_s) for time_s in (frames[0].time_s, frames[-1].time_s + 1 / frames[0].rate))
    samples = np.zeros(end - begin, np.float32)
    for start, piece in sound:
        low, high = max(begin, start), min(end, start + len(piece))
        if low < high:
            samples[low - begin : high - begin] = piece[low - start : high - start]
    return samples


def write_sound(path: Path, samples: Samples) -> None:
    """Write a 16-bit wav; it appears complete or not at all."""
    try:
        with complete_or_not_at_all(path) as partial:
            soundfile.write(partial, np.clip(samples, -1, 1), SAMPLE_RATE_HZ, subtype="PCM_16")
    except soundfile.SoundFileError as error:
        raise FacewireError(f"{path}: cannot be written: {error}") from None


def _sample(time_s: Fraction) -> int:
    return round(time_s * SAMPLE_RATE_HZ)
