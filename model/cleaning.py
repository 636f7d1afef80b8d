"""Cleaning: takes DC and rumble out of a stream before anything hears it.

A Butterworth high-pass of fourth order, causal. It runs in blocks of 5 ms, each by one product with a fixed matrix, in
float64, so that the result is the same to the last bit however the stream was cut.
"""

from functools import cache
from math import pi, sin, tan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ, TAIL_SAMPLES

ORDER: Final = 4
BLOCK_SAMPLES: Final = TAIL_SAMPLES
"""Windows end on multiples of it. With larger blocks BLAS would use several threads, which wait for each other."""

Doubles = NDArray[np.float64]


def clean(sound: Doubles, memory: Doubles, highpass_hz: float) -> tuple[Doubles, Doubles]:
    """Filter sound (n,), n a multiple of `BLOCK_SAMPLES`, with -3 dB at `highpass_hz`.

    Also returns the filter's next memory (`ORDER`,).

    The memory is 0 where there was nothing before.
    """
    cleaned = np.empty_like(sound)
    for begin in range(0, len(sound), BLOCK_SAMPLES):
        end = begin + BLOCK_SAMPLES
        made = _response(highpass_hz) @ np.concatenate([sound[begin:end], memory])
        cleaned[begin:end], memory = made[:BLOCK_SAMPLES], made[BLOCK_SAMPLES:]
    return cleaned, memory


@cache
def _response(highpass_hz: float) -> Doubles:
    """Matrix from a block and the memory before it to the cleaned block and the memory after it."""
    block, memory = np.split(np.eye(BLOCK_SAMPLES + ORDER), [BLOCK_SAMPLES])
    after = []
    for section in range(ORDER // 2):
        damping = 2 * sin(pi * (2 * section + 1) / (2 * ORDER))
        block, kept = _section(block, memory[2 * section], memory[2 * section + 1], damping, highpass_hz)
        after += kept
    return np.concatenate([block, after])


def _section(
    block: Doubles, first: Doubles, second: Doubles, damping: float, highpass_hz: float
) -> tuple[Doubles, list[Doubles]]:
    """Two poles of the high-pass, by the bilinear transform: the filtered block and the two numbers to remember."""
    warped = tan(pi * highpass_hz / SAMPLE_RATE_HZ)
    scale = 1 / (1 + damping * warped + warped**2)
    a1, a2 = 2 * scale * (warped**2 - 1), scale * (1 - damping * warped + warped**2)
    made = []
    for sample in block:  # direct form II, transposed
        out = scale * sample + first
        first, second = -2 * scale * sample - a1 * out + second, scale * sample - a2 * out
        made.append(out)
    return np.array(made), [first, second]
