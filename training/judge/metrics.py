"""How good a face is compared with the real one. All curves are (frames, 52)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocols import blendshapes

Curves = NDArray[np.float32]
JAW = blendshapes.NAMES.index("jawOpen")
CLOSE = blendshapes.NAMES.index("mouthClose")
BLINKS = [blendshapes.NAMES.index("eyeBlinkLeft"), blendshapes.NAMES.index("eyeBlinkRight")]
MAX_LAG_FRAMES = 6
_STRETCH = 64


@dataclass(frozen=True)
class Pair:
    """A generated face beside the real one of the same recording."""

    made: Curves
    real: Curves
    captured: NDArray[np.bool_]
    """(52,): channels that were captured; no others count."""
    onsets_s: tuple[float, ...] = ()
    """Times at which a word with b or p begins."""

    def channels(self, wanted: Sequence[int]) -> list[int]:
        """The wanted channels that were captured."""
        return [index for index in wanted if self.captured[index]]


def error(pair: Pair, wanted: Sequence[int]) -> float:
    """L2 norm over channels, mean over frames: MBE, LBE and the lip error, depending on the channels."""
    use = pair.channels(wanted)
    return float(np.linalg.norm(pair.made[:, use] - pair.real[:, use], axis=1).mean())


def dynamics_deviation(pair: Pair) -> float:
    """FDD, signed: deviation over time of the upper face's energy, real minus generated (FaceDiffuser, BEAT)."""
    use = pair.channels(blendshapes.FDD_UPPER)
    return float(np.square(pair.real[:, use]).sum(1).std() - np.square(pair.made[:, use]).sum(1).std())


def jaw_correlation(pairs: Sequence[Pair]) -> tuple[float, int]:
    """Correlation of jawOpen over all recordings, and the lag in frames at which it is greatest.

    A positive lag means that the generated face is late.
    """
    by_lag = {}
    for lag in range(-MAX_LAG_FRAMES, MAX_LAG_FRAMES + 1):
        made, real = zip(*(_shifted(pair.made[:, JAW], pair.real[:, JAW], lag) for pair in pairs), strict=True)
        by_lag[lag] = _correlation(np.concatenate(made), np.concatenate(real))
    return by_lag[0], max(by_lag, key=lambda lag: by_lag[lag])


def _correlation(made: Curves, real: Curves) -> float:
    """0 where one of them never moves."""
    return float(np.corrcoef(made, real)[0, 1]) if made.std() and real.std() else 0.0


def _shifted(made: Curves, real: Curves, lag: int) -> tuple[Curves, Curves]:
    length = len(made) - abs(lag)
    return made[max(0, lag) :][:length], real[max(0, -lag) :][:length]


def amplitude_ratio(pairs: Sequence[Pair], wanted: Sequence[int]) -> float:
    """Deviation over time, generated to real, of all channels together."""
    use = pairs[0].channels(wanted)
    made, real = (np.mean([f[:, use].var(0).sum() for f in faces]) for faces in _both(pairs))
    return float(np.sqrt(made / real))


def jitter_ratio(pairs: Sequence[Pair], wanted: Sequence[int]) -> float:
    """Mean absolute second difference over time, generated to real."""
    use = pairs[0].channels(wanted)
    made, real = (np.mean([np.abs(np.diff(f[:, use], 2, axis=0)).mean() for f in faces]) for faces in _both(pairs))
    return float(made / real)


def blink_ratio(pairs: Sequence[Pair]) -> float:
    """Number of blinks (lids passing half closed), generated to real."""
    made, real = (sum(_blinks(face) for face in faces) for faces in _both(pairs))
    return made / max(1, real)


def lids_apart(faces: Sequence[Curves]) -> float:
    """How unevenly the eyes close: mean difference of the two eyeBlinks."""
    return float(np.mean([np.abs(np.diff(face[:, BLINKS], axis=1)).mean() for face in faces]))


def closures(pairs: Sequence[Pair], fps: int) -> tuple[float, float, int]:
    """Closures on b and p: recall (at least half the real dip), mean depth ratio, and their number.

    A dip is how far jawOpen - mouthClose falls around a word's onset, below its peaks on both sides.
    """
    depths = [
        (_dip(pair.made, onset_s, fps), _dip(pair.real, onset_s, fps)) for pair in pairs for onset_s in pair.onsets_s
    ]
    real = [(made, truth) for made, truth in depths if truth > 0.03]
    if not real:
        return float("nan"), float("nan"), 0
    recall = np.mean([made >= truth / 2 for made, truth in real])
    return float(recall), float(np.mean([made for made, _ in real]) / np.mean([t for _, t in real])), len(real)


def spread(takes: Sequence[Sequence[Curves]], wanted: Sequence[int]) -> float:
    """How much takes differ: deviation over takes of each frame and channel, averaged over those and recordings.

    `takes` are faces of the same recordings, in the same order, made with different seeds.
    """
    by_clip = zip(*takes, strict=True)
    return float(np.mean([np.stack(faces)[..., list(wanted)].std(0).mean() for faces in by_clip]))


def seam_ratio(faces: Sequence[Curves], wanted: Sequence[int], frames_per_hop: int) -> float:
    """Jerk where hops join relative to jerk elsewhere: 1 if the face shows no trace of hops.

    The jerk between frames t - 1 and t is the third difference around them, |x[t + 1] - 3 x[t] + 3 x[t - 1] - x[t -
    2]|.
    """
    joins, others = [], []
    for face in faces:
        jerk = np.abs(np.diff(face[:, list(wanted)], 3, axis=0)).mean(1)
        at_join = (np.arange(len(jerk)) + 2) % frames_per_hop == 0
        joins.append(jerk[at_join])
        others.append(jerk[~at_join])
    return float(np.concatenate(joins).mean() / max(np.concatenate(others).mean(), 1e-9))


def shape_errors(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Mean absolute error (52,) of each shape over all frames; NaN if it was not captured."""
    every = np.concatenate([np.abs(pair.made - pair.real) for pair in pairs]).mean(0)
    return np.where(pairs[0].captured, every, np.nan)


def spectrum(
    faces: Sequence[Curves], wanted: Sequence[int], fps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies in Hz and mean power of the wanted channels, over stretches of 64 frames of all recordings."""
    stretches = [
        face[begin : begin + _STRETCH, list(wanted)]
        for face in faces
        for begin in range(0, len(face) - _STRETCH + 1, _STRETCH // 2)
    ]
    if not stretches:
        return np.empty(0), np.empty(0)
    moving = np.stack(stretches) - np.mean(stretches, axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(moving * np.hanning(_STRETCH)[:, None], axis=1)) ** 2
    return np.asarray(np.fft.rfftfreq(_STRETCH, 1 / fps), np.float64), np.asarray(power.mean((0, 2)), np.float64)


def _dip(face: Curves, onset_s: float, fps: int) -> float:
    gap = face[:, JAW] - face[:, CLOSE]
    onset, near, far = round(onset_s * fps), round(0.1 * fps), round(0.3 * fps)
    first, last = max(0, onset - near), min(len(gap), onset + near + 1)
    if first >= last:
        return 0.0
    lowest = first + int(np.argmin(gap[first:last]))
    before, after = gap[max(0, lowest - far) : lowest + 1], gap[lowest : lowest + far + 1]
    return float(min(before.max(), after.max()) - gap[lowest])


def _blinks(face: Curves) -> int:
    closed = face[:, BLINKS].mean(1) > 0.5
    return int(np.count_nonzero(closed[1:] & ~closed[:-1]))


def _both(pairs: Sequence[Pair]) -> tuple[list[Curves], list[Curves]]:
    return [pair.made for pair in pairs], [pair.real for pair in pairs]
