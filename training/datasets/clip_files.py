"""The files that hold a dataset's recordings: safetensors, mapped into memory."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from model.windows import Samples
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.datasets.clips import Pcm

_DTYPES: Final = {"I16": np.int16, "F32": np.float32, "BOOL": np.bool_}


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a clip's file, memory-mapped: only what is used is read. Raises FacewireError."""
    try:
        raw = np.memmap(path, np.uint8, "r")  # one map a file: systems limit their number
        begin = 8 + int.from_bytes(raw[:8].tobytes(), "little")
        header = json.loads(raw[8:begin].tobytes())
        header.pop("__metadata__", None)
        return {
            name: raw[begin + told["data_offsets"][0] : begin + told["data_offsets"][1]]
            .view(_DTYPES[told["dtype"]])
            .reshape(told["shape"])
            for name, told in header.items()
        }
    except (OSError, ValueError, KeyError, TypeError, MemoryError, OverflowError) as error:
        raise FacewireError(
            f"{path}: not a recording that prepare wrote ({error}); delete it and prepare again"
        ) from None


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], metadata: dict[str, str]) -> None:
    """Write a clip's file, complete or not at all."""
    with complete_or_not_at_all(path) as partial:
        save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, partial, metadata)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a clip's file. Raises FacewireError."""
    try:
        with safe_open(path, "np") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise FacewireError(
            f"{path}: not a recording that prepare wrote ({error}); delete it and prepare again"
        ) from None


def pcm_of(samples: Samples) -> Pcm:
    """Samples, -1 to 1, as int16. Sound that was read from 16 bits comes back unchanged."""
    stored: Pcm = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
    return stored


def digest(*paths: Path) -> str:
    """SHA-256 of the contents of files, one after the other."""
    total = sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()
