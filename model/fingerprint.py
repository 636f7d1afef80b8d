"""By which weights are known again."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def fingerprint(weights: Mapping[str, NDArray[Any]], *, half: bool = True) -> str:
    """sha256 over the weights by sorted name, in `half` precision, as a checkpoint keeps its encoder."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value, np.float16 if half else value.dtype).tobytes())
    return digest.hexdigest()


def of_face(weights: Mapping[str, NDArray[Any]]) -> str:
    """Of all weights that an enrolled identity is made for, out of those of a checkpoint, by their names there."""
    parts = {"denoiser.": "denoiser.", "identities.encoder.": "identities.", "voice.": "voice."}
    return fingerprint(
        {
            known + name.removeprefix(part): value
            for part, known in parts.items()
            for name, value in weights.items()
            if name.startswith(part)
        }
    )
