"""The gate: where there is no speech, the mouth rests. Eyes, brows, head and mood go on.

The model itself rests in silence and noise. The gate protects it from what it has never heard, such as a fan or a
television next door. It reads the same windows as the model, frame by frame, so live and offline give the same face.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windower import Windows
from model.windows import SAMPLE_RATE_HZ, Samples, WindowSpec

HYSTERESIS_DB: Final = 6.0
"""An open gate closes only when the sound is this far below the threshold that opens it."""
HOLD_MS: Final = 300
"""How long the gate stays open after the last speech."""
OPENING_PER_S: Final = 15
"""How far the gate opens per second: fully in 67 ms."""
CLOSING_PER_S: Final = 3.75
AHEAD_MS: Final = 100
"""How far the gate looks ahead, so that it is open when speech begins; never beyond the lookahead."""
BLOCKS_PER_S: Final = 100

MEASURE_S: Final = 3
"""Seconds of silence that a calibration measures."""
ABOVE_NOISE_DB: Final = 8.0
LOUDEST_NOISE_DB: Final = -30.0

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Gate:
    """The state carried from frame to frame. An immutable value."""

    speech: bool = False
    quiet_frames: int = 0
    """Frames since speech was last heard."""
    openness: float = 0.0


def levels_db(spec: WindowSpec, window: Windows, fps: int) -> Values:
    """Loudness at each frame of one window's hop, (frames per hop,), in dBFS, without DC and rumble.

    That is the loudest 10 ms of the frame itself and of the time that the gate looks ahead.
    """
    ahead_ms = min(spec.right_ms, AHEAD_MS)
    heard = window.unlevelled[spec.left_samples : spec.left_samples + (spec.hop_ms + ahead_ms) * SAMPLE_RATE_HZ // 1000]
    blocks = block_levels_db(heard)
    frames = spec.frames_per_hop(fps)
    spans = [(k * BLOCKS_PER_S // fps, -(-(k + 1) * BLOCKS_PER_S // fps)) for k in range(frames)]
    return np.array([blocks[begin : end + ahead_ms * BLOCKS_PER_S // 1000].max() for begin, end in spans], np.float32)


def level_db(samples: Samples) -> float:
    """Loudness of samples (n,) in dBFS; -100 for silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * math.log10(max(power, 1e-10))


def block_levels_db(samples: Samples) -> Values:
    """Loudness of each complete 10 ms block of samples (n,), in dBFS; -100 for silence."""
    block = SAMPLE_RATE_HZ // BLOCKS_PER_S
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    levels: Values = 10 * np.log10(np.maximum(np.mean(np.square(whole), axis=1), 1e-10))
    return levels.astype(np.float32)


def follow(gate: Gate, levels: Values, threshold_db: float | None, fps: int) -> tuple[Gate, Values]:
    """How far the gate is open at frames with these levels (n,), from 0 to 1; returns the gate after them, too.

    A threshold of None keeps the gate open.
    """
    if threshold_db is None:
        return Gate(speech=True, openness=1.0), np.ones(len(levels), np.float32)
    openness = []
    for level in levels:
        loud = level >= threshold_db - HYSTERESIS_DB * gate.speech
        quiet_frames = 0 if loud else gate.quiet_frames + 1
        speech = loud or (gate.speech and quiet_frames * 1000 <= HOLD_MS * fps)
        moved = gate.openness + (OPENING_PER_S if speech else -CLOSING_PER_S) / fps
        gate = Gate(speech, quiet_frames, min(1.0, max(0.0, moved)))
        openness.append(gate.openness)
    return gate, np.array(openness, np.float32)


def threshold_above(noise_db: Values) -> float | None:
    """The `gate_db` for a room with these 10 ms levels (n,) in silence; None if that was not silence."""
    loud = float(np.percentile(noise_db, 98))
    return None if loud > LOUDEST_NOISE_DB else float(np.clip(round(loud + ABOVE_NOISE_DB), -90, 0))
