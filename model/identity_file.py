"""Identity files: one identity in a `NAME.identity.safetensors` file under 10 kB, to keep and to share."""

import json
import re
import shlex
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
"""Larger files are not identities and are not read."""
_KEY: Final = "facewire-identity"
_ARRAYS: Final = ("embedding", "features", "scale", "offset", "voice")
_NAME: Final = re.compile(r"[\w][\w .-]{0,63}")
_TAKEN: Final = ("auto", "unknown")


@dataclass(frozen=True)
class Identity:
    """A person, as one checkpoint represents them."""

    name: str
    checkpoint: str
    """`Runtime.fingerprint` of the checkpoint the identity was enrolled for. To any other, the numbers mean nothing."""
    embedding: Floats
    """(E,): the learnt embedding."""
    features: Floats
    """(D,): the identity encoder's output for the embedding; the denoiser's input."""
    scale: Floats
    """(C,): factor on each channel of the face that the denoiser predicts."""
    offset: Floats
    """(C,): offset that is then added to each channel."""
    voice: Floats
    """(V,), of unit length: how the person sounds."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """How it was enrolled, and the figures it reached."""


def check_name(name: str) -> str:
    """Return the name if it is valid for an identity, and so for a file. Raises FacewireError if it is not."""
    if not _NAME.fullmatch(name) or name.lower() in _TAKEN:
        raise FacewireError(
            f"identity name {name!r}: expected 1 to 64 letters, digits, spaces, dots, dashes and underscores, not "
            f"beginning with a space, dot or dash; {' and '.join(_TAKEN)} are reserved"
        )
    return name


def save(identity: Identity, path: Path) -> None:
    """Write the file atomically."""
    head = {"format": FORMAT, "name": identity.name, "checkpoint": identity.checkpoint, "told": dict(identity.told)}
    arrays = {name: np.ascontiguousarray(getattr(identity, name), np.float32) for name in _ARRAYS}
    path.parent.mkdir(parents=True, exist_ok=True)
    with complete_or_not_at_all(path) as partial:
        save_file(arrays, partial, metadata={_KEY: json.dumps(head)})


def read(path: Path) -> Identity:
    """Read an identity from a file. Raises FacewireError if the file does not hold one."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise FacewireError(f"{path}: too large for an identity; expected a {SUFFIX} file of a few kB")
        with safe_open(path, framework="np") as file:
            head = json.loads((file.metadata() or {})[_KEY])
            arrays = {name: np.asarray(file.get_tensor(name), np.float32) for name in _ARRAYS}
        if head["format"] != FORMAT:
            raise FacewireError(f"{path}: format {head['format']}, but this facewire reads {FORMAT}; update facewire")
        named, checkpoint, told = check_name(head["name"]), str(head["checkpoint"]), dict(head["told"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise FacewireError(f"{path}: not an identity file from `facewire-train enroll` ({error})") from error
    if any(array.ndim != 1 or not np.isfinite(array).all() for array in arrays.values()):
        raise FacewireError(f"{path}: a damaged identity; fetch it again, or enrol the person again")
    return Identity(named, checkpoint, told=told, **arrays)


def require(identity: Identity, path: Path, checkpoint: str) -> Identity:
    """Return the identity if it belongs to the checkpoint with this fingerprint.

    Raises FacewireError if it was enrolled for another one.
    """
    if identity.checkpoint != checkpoint:
        raise FacewireError(
            f"{path}: {identity.name!r} was enrolled for another checkpoint ({identity.checkpoint[:12]}, this one is "
            f"{checkpoint[:12]}); enrol the person again with `{_again(identity)}`, or use that --checkpoint"
        )
    return identity


def _again(identity: Identity) -> str:
    """The command that enrols a person again, as far as it is known from which take."""
    take = identity.told.get("take")
    options = [str(each) for each in take] if isinstance(take, list) else []
    return shlex.join(["facewire-train", "enroll", identity.name, *options])
