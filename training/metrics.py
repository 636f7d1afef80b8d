"""How good a face is, against a real one: figures of the field, and honest ones. All curves are (frames, 52)."""

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


@dataclass(frozen=True)
class Pair:
    """A made face beside the real one of the same recording, on frames where the real one was seen."""

    made: Curves
    real: Curves
    captured: NDArray[np.bool_]
    """(52,): channels that the recording shows; no other counts."""
    onsets_s: tuple[float, ...] = ()
    """Times at which a word with b or p begins."""

    def channels(self, wanted: Sequence[int]) -> list[int]:
        """Those of the wanted channels that were captured."""
        return [index for index in wanted if self.captured[index]]


def error(pair: Pair, wanted: Sequence[int]) -> float:
    """Mean over frames of the L2 norm over channels: MBE, LBE and the lip error, by the channels wanted."""
    use = pair.channels(wanted)
    return float(np.linalg.norm(pair.made[:, use] - pair.real[:, use], axis=1).mean())


def dynamics_deviation(pair: Pair) -> float:
    """FDD, signed: deviation in time of the upper face's energy, real less made (FaceDiffuser, BEAT)."""
    use = pair.channels(blendshapes.FDD_UPPER)
    return float(np.square(pair.real[:, use]).sum(1).std() - np.square(pair.made[:, use]).sum(1).std())


def jaw_correlation(pairs: Sequence[Pair]) -> tuple[float, int]:
    """Correlation of jawOpen over all recordings, and the lag in frames at which it is greatest.

    A positive lag means that the made face comes late.
    """
    by_lag = {}
    for lag in range(-MAX_LAG_FRAMES, MAX_LAG_FRAMES + 1):
        made, real = zip(*(_shifted(pair.made[:, JAW], pair.real[:, JAW], lag) for pair in pairs), strict=True)
        by_lag[lag] = float(np.corrcoef(np.concatenate(made), np.concatenate(real))[0, 1])
    return by_lag[0], max(by_lag, key=lambda lag: by_lag[lag])


def _shifted(made: Curves, real: Curves, lag: int) -> tuple[Curves, Curves]:
    length = len(made) - abs(lag)
    return made[max(0, lag) :][:length], real[max(0, -lag) :][:length]


def amplitude_ratio(pairs: Sequence[Pair], wanted: Sequence[int]) -> float:
    """Deviation in time of the made channels to that of the real ones, channels together."""
    use = pairs[0].channels(wanted)
    made, real = (np.mean([f[:, use].var(0).sum() for f in faces]) for faces in _both(pairs))
    return float(np.sqrt(made / real))


def jitter_ratio(pairs: Sequence[Pair], wanted: Sequence[int]) -> float:
    """Mean absolute second difference in time, made to real."""
    use = pairs[0].channels(wanted)
    made, real = (np.mean([np.abs(np.diff(f[:, use], 2, axis=0)).mean() for f in faces]) for faces in _both(pairs))
    return float(made / real)


def blink_ratio(pairs: Sequence[Pair]) -> float:
    """Blinks (lids passing half closed) made to real."""
    made, real = (sum(_blinks(face) for face in faces) for faces in _both(pairs))
    return made / max(1, real)


def closures(pairs: Sequence[Pair], fps: int) -> tuple[float, float, int]:
    """Closures on b and p: recall (at least half the real dip), mean depth ratio, and how many there were.

    A dip is how far jawOpen - mouthClose sinks around the onset of the word below its peaks on both sides.
    """
    depths = [
        (_dip(pair.made, onset_s, fps), _dip(pair.real, onset_s, fps)) for pair in pairs for onset_s in pair.onsets_s
    ]
    real = [(made, truth) for made, truth in depths if truth > 0.03]
    if not real:
        return float("nan"), float("nan"), 0
    recall = np.mean([made >= truth / 2 for made, truth in real])
    return float(recall), float(np.mean([made for made, _ in real]) / np.mean([t for _, t in real])), len(real)


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
