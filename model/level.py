"""Cleaning and level: what happens to the samples of a stream before they are cut into windows.

DC and rumble are taken out (`model.cleaning`). Then a slow gain, constant for each block of 20 ms, brings any
microphone to the same level. A sample has the same gain in every window, so the gain depends on nothing but the past
and the block itself. It never follows the present loudness alone: that would make a pause as loud as the word
before it.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np

from model.cleaning import ORDER, Doubles, clean
from model.windows import FEATURE_SAMPLES, FEATURES_PER_S, OFFSET_HZ, TAIL_SAMPLES, Floats, Samples

REFERENCE_DB: Final = -20.0
"""Target loudness (RMS, dBFS) of the loudest recent sound."""
FLOOR_DB: Final = -56.0
"""Lowest level (dBFS) that a stream is assumed to have. Speech 40 dB below the usual level still reaches the reference;
hiss does not."""
FALL_DB_PER_S: Final = 1.0
"""How fast the level falls after loud sound. It rises at once."""
SHARE: Final = 0.2
"""Weight of a block in the mean power that the level follows. With 1, a key or a knock of a few milliseconds would make
the following words too quiet."""

PLAIN: Final = 4.0
"""A DC offset is plain if it is so many times the deviation of the sound around it."""

BLOCK_SAMPLES: Final = FEATURE_SAMPLES
BEFORE_SAMPLES: Final = BLOCK_SAMPLES - TAIL_SAMPLES
"""How long before the stream its first block begins: blocks end where windows end, at 320 b + 80."""


@dataclass(frozen=True)
class Leveller:
    """Cleans and levels a stream, fed in pieces of any size. An immutable value: `push` returns the next one."""

    highpass_hz: float = OFFSET_HZ
    waiting: Doubles = field(default_factory=lambda: np.zeros(BEFORE_SAMPLES))
    """Samples of the block that is not complete, less `offset`."""
    offset: float | None = None
    """DC offset, from the mean of the stream's first 20 ms; None until they are complete, and no block is made before.
    The stream is taken to have had this value for ever: a DC offset must not begin with a step."""
    memory: Doubles = field(default_factory=lambda: np.zeros(ORDER))
    """Of the filter."""
    power: float = 0.0
    """Recent mean square of the cleaned sound."""
    level_db: float = FLOOR_DB

    def push(self, samples: Samples) -> tuple[Self, Samples, Floats]:
        """Feed (n,) samples, for any n.

        Returns the next state, the blocks that are complete (blocks, 320), and the level of each in dBFS (blocks,).
        """
        sound, offset = np.concatenate([self.waiting, _finite(samples) - np.float64(self.offset or 0)]), self.offset
        count = len(sound) // BLOCK_SAMPLES
        if offset is None and len(sound) < BEFORE_SAMPLES + BLOCK_SAMPLES:
            count = 0
        elif offset is None:
            offset = self._offset(sound[BEFORE_SAMPLES : BEFORE_SAMPLES + BLOCK_SAMPLES])
            sound[BEFORE_SAMPLES:] -= offset
        memory, power, level_db = self.memory, self.power, self.level_db
        levelled, levels_db = np.empty((count, BLOCK_SAMPLES), np.float32), np.empty(count, np.float32)
        for block in range(count):
            raw = sound[block * BLOCK_SAMPLES : (block + 1) * BLOCK_SAMPLES]
            cleaned, memory = clean(raw, memory, self.highpass_hz) if self.highpass_hz else (raw, memory)
            power += SHARE * (float(cleaned @ cleaned) / BLOCK_SAMPLES - power)
            level_db = max(_decibels(power), level_db - FALL_DB_PER_S / FEATURES_PER_S)
            levelled[block] = cleaned * 10 ** ((REFERENCE_DB - level_db) / 20)
            levels_db[block] = level_db
        following = replace(
            self, waiting=sound[count * BLOCK_SAMPLES :], offset=offset, memory=memory, power=power, level_db=level_db
        )
        return following, levelled, levels_db

    def end(self, missing: int) -> Samples:
        """Samples (missing,) of the silence after the stream's end."""
        offset = self._offset(self.waiting[BEFORE_SAMPLES:]) if self.offset is None else self.offset
        return np.full(missing, offset, np.float32)

    def _offset(self, first: Doubles) -> float:
        """The DC offset of a stream that begins with these samples (n,).

        Without a filter, it is 0 unless it is plain: the beginning of a word has a mean, too.
        """
        mean = _mean(first)
        plain = abs(mean) > PLAIN * float(np.std(first)) if len(first) else False
        return mean if self.highpass_hz or plain else 0.0

    def interrupted(self) -> Self:
        """The state after sound was lost: offset and level are still known, the rest is as at the start."""
        return type(self)(self.highpass_hz, offset=self.offset, level_db=self.level_db)


def levelled(samples: Samples, highpass_hz: float) -> Samples:
    """A whole recording (n,), cleaned and levelled; the last 20 ms, which are not followed by silence, too."""
    leveller, blocks, _ = Leveller(highpass_hz).push(samples)
    _, last, _ = leveller.push(leveller.end(BLOCK_SAMPLES))
    whole: Samples = np.concatenate([blocks, last]).reshape(-1)[BEFORE_SAMPLES : BEFORE_SAMPLES + len(samples)]
    return whole


def own_gain(level_db: Floats) -> Floats:
    """Factors (…,) that make levelled blocks as loud as they came in, by their levels (…,)."""
    gain: Floats = np.power(10, (level_db - REFERENCE_DB) / 20, dtype=np.float32)
    return gain


def _mean(sound: Doubles) -> float:
    """Exactly rounded; 0 for no samples."""
    return math.fsum(sound) / max(1, len(sound))


def _finite(samples: Samples) -> Samples:
    """Replace samples that are not finite by 0 and clip to [-1, 1]: nothing else may be heard."""
    finite: Samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(finite, -1.0, 1.0).astype(np.float32, copy=False)


def _decibels(power: float) -> float:
    """Not below `FLOOR_DB`."""
    return max(10 * math.log10(max(power, 1e-12)), FLOOR_DB)
