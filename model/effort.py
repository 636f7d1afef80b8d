"""Vocal effort: a voice that is raised opens the mouth wider, a murmur less.

Levelled sound no longer says how loud somebody is. So this compares the last second of speech with what the stream has
heard of this voice so far: its level, and how bright it is, because effort raises high frequencies more than low ones
(Traunmüller and Eriksson 2000), however far away the microphone is. A stream begins with the level and the brightness
of usual speech; after some ten seconds, they are the speaker's own.

Only for encoders that know phones: they hear sound without rumble, which would count as loud and dull.
"""

from typing import Final

import numpy as np

from model.level import BLOCK_SAMPLES, REFERENCE_DB
from model.windower import Windows
from model.windows import FEATURE_MS, FEATURES_PER_S, SAMPLE_RATE_HZ, TAIL_SAMPLES, Floats, WindowSpec

USUAL: Final = (-28.0, -14.0)
"""Level in dBFS, and brightness in dB, of speech before any was heard: between those of six sets of recordings."""
AUDIBLE_DB: Final = -15.0
"""Blocks this far below the loudest of late are no vowels, and do not count."""
PRIOR_S: Final = 3.0
"""Seconds of speech that `USUAL` counts for."""
USUAL_S: Final = 20.0
NOW_S: Final = 0.8
"""Seconds of speech over which the voice's usual and its present effort are means."""
PER_DB: Final = (0.018, 0.04)
"""Logarithm of the mouth's size per dB of level, and of brightness, which does not depend on the microphone's gain."""
FARTHEST_DB: Final = 16.0
"""A level that differs more is another microphone."""
SMALLEST: Final = 0.75
LARGEST: Final = 1.5
"""Bounds of the size."""

WIDTH: Final = 5
"""Numbers in the state of a session: the weight of the usual, its level and brightness, and the present ones."""
_HZ: Final = SAMPLE_RATE_HZ / BLOCK_SAMPLES
_LOW: Final = slice(round(100 / _HZ), round(1000 / _HZ))
_HIGH: Final = slice(round(1000 / _HZ), round(4000 / _HZ))
_HANN: Final = np.hanning(BLOCK_SAMPLES)


def start(sessions: int) -> Floats:
    """The state (B, `WIDTH`) of sessions that have heard nothing."""
    return np.tile(np.array([PRIOR_S, *USUAL, *USUAL], np.float32), (sessions, 1))


def follow(spec: WindowSpec, windows: Windows, speech: Floats | None, heard: Floats, fps: int) -> tuple[Floats, Floats]:
    """The size of the mouth in each frame (B, T), 1 for usual effort, from windows (B, H, …).

    `speech` (B, T) is the probability that somebody speaks (None: somebody does). `heard` (B, `WIDTH`) is the state
    before these frames; also returns the state after them.
    """
    blocks = _blocks(spec, windows).reshape(3, len(heard), -1)
    level_db, bright_db, audible = *blocks[:2], blocks[2] > AUDIBLE_DB
    times = np.arange(level_db.shape[1])
    if speech is not None:
        audible = audible & (speech[:, times * FEATURE_MS * fps // 1000] > 0.5)
    sizes = np.empty(level_db.shape, np.float32)
    weight, usual, now = heard[:, 0].copy(), heard[:, 1:3].copy(), heard[:, 3:5].copy()
    step_s = np.float32(1 / FEATURES_PER_S)
    for block in times:
        here, counts = np.stack([level_db[:, block], bright_db[:, block]], -1), audible[:, block]
        grown = weight * np.float32(1 - step_s / USUAL_S) + step_s
        weight = np.where(counts, grown, weight)
        usual = np.where(counts[:, None], usual + (here - usual) * (step_s / grown)[:, None], usual)
        now = np.where(counts[:, None], now + (here - now) * np.float32(step_s / NOW_S), now)
        sizes[:, block] = _size(now - usual)
    frames = np.arange(windows.sound.shape[1] * spec.frames_per_hop(fps)) * 1000 // (FEATURE_MS * fps)
    return sizes[:, frames], np.concatenate([weight[:, None], usual, now], -1).astype(np.float32)


def _blocks(spec: WindowSpec, windows: Windows) -> Floats:
    """Level in dBFS, brightness in dB, and level against the loudest of late, of the hops' blocks (3, B, H, blocks)."""
    begin, count = spec.left_samples + TAIL_SAMPLES, spec.hop_features
    sound = windows.sound[..., begin : begin + count * BLOCK_SAMPLES]
    sound = sound.reshape(*sound.shape[:-1], count, BLOCK_SAMPLES).astype(np.float64)
    power = np.square(np.abs(np.fft.rfft(sound * _HANN)))
    bright_db = 10 * np.log10((power[..., _HIGH].sum(-1) + 1e-9) / (power[..., _LOW].sum(-1) + 1e-9))
    loudness_db = 10 * np.log10(np.square(sound).mean(-1) + 1e-10) - REFERENCE_DB
    own_db = windows.level_db[..., spec.left_features + 1 : spec.left_features + 1 + count]
    return np.array([loudness_db + own_db, bright_db, loudness_db], np.float32)


def _size(more_db: Floats) -> Floats:
    """The size (B,), for how much louder and brighter (B, 2) a voice is than usual."""
    within = (np.clip(more_db, -FARTHEST_DB, FARTHEST_DB) * np.array(PER_DB, np.float32)).sum(-1)
    size: Floats = np.clip(np.exp(within), SMALLEST, LARGEST)
    return size
