"""A recording to enrol a person from: read by the importers of `facewire-train prepare`, or refused with a reason."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from rich.progress import Progress

from model import level
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols.errors import FacewireError
from training.datasets.clips import Clip, beginning
from training.datasets.dataset import Found, Skipped
from training.prepare import importing, offset

LEAST_S: Final = 12.0
"""Seconds of speech that are needed."""
QUIET_DB: Final = -40.0
"""Nothing that is so far below the loudest tenth of a second is speech."""
MOST_S: Final = 300
"""Longest part of a recording that is used: more of it adds little."""
SAY: Final = "record one or two minutes of lively speech with pauses, alone, and the face in view all the time"
"""Advice after a refusal."""


def livelink(path: Path, sound: Path | None, name: str) -> Found:
    """A take of the Live Link Face app, calibrated; its sound is a file, by default the one beside it."""
    from training.prepare import livelink_takes

    return livelink_takes.read(_there(path), sound, path.stem, name, "")


def npz(path: Path, sound: Path | None, name: str) -> Found:
    """Curves as `facewire-train prepare npz` reads them; their sound is a file, by default the one beside them."""
    from training.prepare import npz_folder

    return npz_folder.read(_there(path), name, "", sound)


def video(path: Path, face_model: Path | None, landmarker: Path | None, aspect: float | None, bar: Progress) -> Found:
    """A video, solved with the face model. Raises FacewireError if it has no face or no sound."""
    from training.prepare.face_model import default_path, landmarker_task, read
    from training.prepare.video import recordings, track

    model = read(face_model or default_path())
    task = landmarker_task(landmarker)
    with TemporaryDirectory() as folder:
        tracked = track([_there(path)], task, Path(folder), aspect, bar)
        found = next(iter(recordings(tracked, model, path.stem, "", lambda *_: False)))
    if isinstance(found, Skipped):
        raise FacewireError(f"{path}: {found.reason}; {SAY}")
    return found


def clip_of(found: Found) -> Clip:
    """What is learnt from: at most `MOST_S` of it, with its curves in time with the sound.

    Raises FacewireError for a recording that `prepare` would not accept, and for curves that do not follow the sound.
    """
    problem = importing.refused(found, {})
    if problem is not None:
        raise FacewireError(f"{found.source}: {problem.reason}; {SAY}")
    loud_enough(found.samples, found.source)
    (clip,) = beginning([importing.fitted(found).clip()], MOST_S)
    measured = offset.measure([clip])
    reach_ms = 1000 * offset.MAX_LAG / offset.RATE_HZ
    if measured.correlation < offset.MIN_CORRELATION:
        raise FacewireError(
            f"{found.source}: its curves do not follow its sound: the mouth's opening correlates with the loudness "
            f"by only {measured.correlation:.2f}, {offset.MIN_CORRELATION} is needed; do they belong together? If "
            f"somebody else is heard, or music, {SAY}"
        )
    if abs(measured.ms) >= reach_ms:
        raise FacewireError(
            f"{found.source}: its curves are {abs(measured.ms):.0f} ms or more away from its sound, which is not "
            f"corrected beyond {reach_ms:.0f} ms; shift one of them, or record both with one device"
        )
    return replace(clip, offset_s=measured.ms / 1000 if measured.trusted else 0.0)


def loud_enough(samples: Samples, source: Path) -> None:
    """Raises FacewireError if nothing in the sound is as loud as speech, or too little of it for `enough`.

    This takes no time, while listening for speech takes minutes.
    """
    count = max(1, len(samples) * 10 // SAMPLE_RATE_HZ)
    power = np.array([np.mean(np.square(block, dtype=np.float64)) for block in np.array_split(samples, count)])
    loud_db = 10 * np.log10(power + 1e-12)
    if loud_db.max() < level.FLOOR_DB:
        raise FacewireError(
            f"{source}: silent: its loudest tenth of a second has {loud_db.max():.0f} dBFS, speech has more than "
            f"{level.FLOOR_DB:.0f}; choose another microphone, or turn it up"
        )
    enough(np.count_nonzero(loud_db > loud_db.max() + QUIET_DB) / 10, source)


def enough(speech_s: float, source: Path) -> None:
    """Raises FacewireError for less than `LEAST_S` of speech."""
    if speech_s < LEAST_S:
        raise FacewireError(f"{source}: {speech_s:.0f} s of speech, at least {LEAST_S:.0f} s are needed; {SAY}")


def one_source(given: Sequence[Path | None], audio: Path | None, *, with_video: bool) -> None:
    """Raises FacewireError unless exactly one recording is given: curves or a video, or sound alone."""
    curves = sum(path is not None for path in given)
    if curves > 1 or (not curves and audio is None):
        raise FacewireError("give one recording: --livelink TAKE.csv, --video FILE, --npz FILE, or --audio FILE alone")
    if with_video and audio is not None:
        raise FacewireError("--video has its own sound: leave --audio out")


def _there(path: Path) -> Path:
    if not path.is_file():
        raise FacewireError(f"{path}: no such file")
    return path
