"""One identity in one file, `NAME.identity.safetensors`, under 10 kB: to be enrolled, kept and shared."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from model.windows import Floats
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

FORMAT: Final = 1
SUFFIX: Final = ".identity.safetensors"
LARGEST_BYTES: Final = 64 * 1024
"""A file that is larger is none of these, and is not read."""
_KEY: Final = "facewire-identity"
_ARRAYS: Final = ("embedding", "features", "scale", "offset", "voice")
_NAME: Final = re.compile(r"[\w][\w .-]{0,63}")
_TAKEN: Final = ("auto", "unknown")


@dataclass(frozen=True)
class Identity:
    """A person, as one checkpoint knows them."""

    name: str
    checkpoint: str
    """`Runtime.fingerprint` of the checkpoint that all numbers are of: they mean nothing to another."""
    embedding: Floats
    """(E,): what was learnt."""
    features: Floats
    """(D,): what the identity encoder makes of it, and the denoiser reads."""
    scale: Floats
    """(C,): by how much more each channel moves than the denoiser makes it."""
    offset: Floats
    """(C,): and where it rests."""
    voice: Floats
    """(V,), of length 1: how the person sounds."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """How it was made, and what it reaches."""


def check_name(name: str) -> str:
    """The name, if it may be one of an identity, and so of a file. Raises FacewireError."""
    if not _NAME.fullmatch(name) or name.lower() in _TAKEN:
        raise FacewireError(
            f"identity name {name!r}: expected up to 64 letters, digits, spaces, dots, dashes and underlines, "
            f"and none of {', '.join(_TAKEN)}"
        )
    return name


def save(identity: Identity, path: Path) -> None:
    """Write the file, complete or not at all."""
    head = {"format": FORMAT, "name": identity.name, "checkpoint": identity.checkpoint, "told": dict(identity.told)}
    arrays = {name: np.ascontiguousarray(getattr(identity, name), np.float32) for name in _ARRAYS}
    path.parent.mkdir(parents=True, exist_ok=True)
    with complete_or_not_at_all(path) as partial:
        save_file(arrays, partial, metadata={_KEY: json.dumps(head)})


def read(path: Path) -> Identity:
    """The identity of a file. Raises FacewireError for anything that is none."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise FacewireError(f"{path}: too large for an identity; expected a {SUFFIX} file of some kB")
        with safe_open(path, framework="np") as file:
            head = json.loads((file.metadata() or {})[_KEY])
            arrays = {name: np.asarray(file.get_tensor(name), np.float32) for name in _ARRAYS}
        if head["format"] != FORMAT:
            raise FacewireError(f"{path}: format {head['format']}, this facewire reads {FORMAT}; update facewire")
        named, checkpoint, told = check_name(head["name"]), str(head["checkpoint"]), dict(head["told"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise FacewireError(f"{path}: no identity that `facewire-train enroll` made ({error})") from error
    if any(array.ndim != 1 or not np.isfinite(array).all() for array in arrays.values()):
        raise FacewireError(f"{path}: a damaged identity; fetch it again, or enrol anew")
    return Identity(named, checkpoint, told=told, **arrays)


def require(identity: Identity, path: Path, checkpoint: str) -> Identity:
    """The identity, if it is of this checkpoint (a fingerprint). Raises FacewireError for that of another."""
    if identity.checkpoint != checkpoint:
        raise FacewireError(
            f"{path}: {identity.name!r} was enrolled for another checkpoint ({identity.checkpoint[:12]}, this one is "
            f"{checkpoint[:12]}); enrol anew with `facewire-train enroll`, or start with that --checkpoint"
        )
    return identity
