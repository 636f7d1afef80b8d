"""Sound for tests: seeded noise that swells and fades, so that a face has something to follow."""

import numpy as np

from model.windows import Samples


def sound(samples: int, seed: int = 0) -> Samples:
    """(n,) float32 at 16 kHz."""
    noise = np.random.default_rng(seed).normal(0, 0.1, samples)
    return (noise * np.sin(np.arange(samples) / 3000)).astype(np.float32)
