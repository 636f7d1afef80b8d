"""What `facewire identities` prints about identities and voices."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from model.windows import Floats
from protocols.blendshapes import COUNT, NAMES

if TYPE_CHECKING:
    from daemon.animate.identities import IdentityFile
    from daemon.commands.matching import Match
    from model.identity_file import Identity
    from model.runtime import Runtime

STRONGEST: Final = 8
"""How many channels are listed."""


def told_of_file(file: "IdentityFile", identity: "Identity", face: "Runtime") -> dict[str, Any]:
    """What the file of an identity tells; the face may be another checkpoint's than the identity."""
    fits = identity.checkpoint == face.fingerprint
    return {
        "name": identity.name,
        "file": f"{file.path}, {kb(file)}",
        "in force": f"no: {file.trouble}" if file.trouble else True,
        "checkpoint": f"{identity.checkpoint[:12]}, {'this one' if fits else f'this one is {face.fingerprint[:12]}'}",
        "told": dict(identity.told),
        "strongest channels": _strongest(identity.scale, identity.offset),
    }


def told_of_own(name: str, face: "Runtime", checkpoint: Path | None) -> dict[str, Any]:
    """What the checkpoint tells of one of its own identities, which have no files."""
    library = face.library
    place = library.names.index(name)
    scale, offset = library.styles[place][-2 * COUNT :].reshape(2, COUNT)
    numbers = library.voices.shape[1]
    return {
        "name": name,
        "file": "none, it is the checkpoint's own",
        "in force": True,
        "checkpoint": f"{face.fingerprint[:12]}, this one ({checkpoint or 'the one that ships'})",
        "voice": f"known, by {numbers} numbers" if numbers else "unknown, this checkpoint does not tell voices apart",
        "strongest channels": _strongest(scale, offset),
    }


def answer(found: "Match") -> str:
    """Whose voice it is, and how sure that is."""
    from model.voices import FIRST_S

    if found.voice_s < FIRST_S:
        return f"unknown: {FIRST_S:g} s of voice are needed to tell"
    if not found.scores:
        return "unknown: there are no identities"
    (nearest, best), *others = found.scores.items()
    if found.answer is None:
        return f"unknown: {nearest} is nearest, {found.floor - best:.2f} below the floor"
    next_ = f", {best - others[0][1]:.2f} above {others[0][0]}" if others else ""
    return f"{found.answer}: {best - found.floor:.2f} above the floor{next_}"


def kb(file: "IdentityFile") -> str:
    """The size of the file."""
    return f"{file.stamp.size_bytes / 1000:.1f} kB"


def _strongest(scale: Floats, offset: Floats) -> dict[str, str]:
    """Scale and offset of the channels that they change most, at rest or fully moved."""
    changes = np.maximum(np.abs(offset), np.abs(scale + offset - 1))
    return {
        NAMES[channel]: f"scale {scale[channel]:.2f}, offset {offset[channel]:+.2f}"
        for channel in np.argsort(-changes, kind="stable")[:STRONGEST]
        if changes[channel] > 0
    }
