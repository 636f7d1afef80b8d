"""Made-up speech with known phones, and a face that follows them, for tests of the animator."""

import numpy as np

from model.windows import SAMPLE_RATE_HZ
from protocols.blendshapes import COUNT, INDEX
from training.phones.spoken import Spoken, Timed
from training.phones.table import PHONES, SILENCE

SPEECH = tuple(phone for phone in PHONES if phone != SILENCE)
ROUND = ("w", "u", "U", "o", "O")
WIDE = ("ae", "a", "A", "V")


def utterance(
    rng: np.random.Generator, phones: tuple[str, ...] = SPEECH, each_s: float = 0.12, count: int = 30
) -> Spoken:
    """Random phones in a row, with half a second of silence on both sides."""
    edges = 8000 + np.cumsum(np.r_[0, rng.uniform(0.7, 1.3, count) * each_s * SAMPLE_RATE_HZ]).astype(int)
    said = [str(phone) for phone in rng.choice(phones, count)]
    return Spoken("nobody", "en-gb", " ".join(said), tuple(map(Timed, said, edges[:-1].tolist(), edges[1:].tolist())))


def length_s(spoken: Spoken) -> float:
    return spoken.phones[-1].end / SAMPLE_RATE_HZ + 0.5


def face_of(spoken: Spoken, fps: int) -> np.ndarray:
    """The real face (frames, 52): the jaw is wide open on open vowels, the lips pucker on round ones."""
    frames = int(length_s(spoken) * fps)
    times = np.arange(frames) * SAMPLE_RATE_HZ // fps
    said = np.array([PHONES[index] for index in spoken.at(times)])
    made = np.zeros((frames, COUNT), np.float32)
    made[:, INDEX["jawOpen"]] = np.where(np.isin(said, WIDE), 0.4, np.where(said == SILENCE, 0.0, 0.1))
    made[:, INDEX["mouthPucker"]] = np.isin(said, ROUND) * 0.3
    kernel = np.hanning(7)[1:-1]
    return np.apply_along_axis(lambda row: np.convolve(row, kernel / kernel.sum(), "same"), 0, made).astype(np.float32)
