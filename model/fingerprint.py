"""Fingerprints: hashes that identify weights."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def fingerprint(weights: Mapping[str, NDArray[Any]], *, half: bool = True) -> str:
    """sha256 over the weights, sorted by name; in half precision if `half`, as a checkpoint stores its encoder."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value, np.float16 if half else value.dtype).tobytes())
    return digest.hexdigest()


def of_face(weights: Mapping[str, NDArray[Any]]) -> str:
    """Fingerprint of all weights that an enrolled identity depends on.

    `weights` are those of a whole checkpoint, by their names there.
    """
    parts = {"denoiser.": "denoiser.", "identities.encoder.": "identities.", "voice.": "voice."}
    return fingerprint(
        {
            prefix + name.removeprefix(part): value
            for part, prefix in parts.items()
            for name, value in weights.items()
            if name.startswith(part)
        }
    )
