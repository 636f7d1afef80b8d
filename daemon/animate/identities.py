"""The available identities: the checkpoint's own, and those in a folder that may change at any time."""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model import identity_file
from model.identity_file import SUFFIX, Identity
from model.library import AUTO, UNKNOWN, Library
from model.runtime import Runtime
from protocols.blendshapes import COUNT
from protocols.errors import FacewireError

log = logging.getLogger(__name__)


class Stamp(NamedTuple):
    """Attributes of a file that show whether it has changed."""

    modified_ns: int
    size_bytes: int
    inode: int


@dataclass(frozen=True)
class IdentityFile:
    """A file of the folder, as it was when it was read."""

    path: Path
    stamp: Stamp
    identity: Identity | None
    """None if the file does not hold one."""
    trouble: str = ""
    """Why this checkpoint cannot use it; empty if it can."""


@dataclass(frozen=True)
class Checkpoint:
    """The part of a checkpoint that an identity must fit."""

    library: Library
    fingerprint: str

    @classmethod
    def of(cls, runtime: Runtime) -> "Checkpoint":
        """That part of an open face."""
        return cls(runtime.library, runtime.fingerprint)

    def require(self, identity: Identity, path: Path) -> Identity:
        """Return the identity if it belongs to this checkpoint and is complete. Raises FacewireError if not."""
        identity_file.require(identity, path, self.fingerprint)
        sizes = [len(values) for values in (identity.features, identity.scale, identity.offset, identity.voice)]
        features, voice = self.library.styles.shape[1] - 2 * COUNT, self.library.voices.shape[1]
        if sizes != [features, COUNT, COUNT, voice]:
            raise FacewireError(f"{path}: a damaged identity; fetch it again, or enrol the person again")
        return identity


@dataclass(frozen=True)
class Folder:
    """A folder of identities, as it was when it was read; a missing folder counts as empty."""

    path: Path
    files: tuple[IdentityFile, ...]
    library: Library
    """The checkpoint's identities and those in the files."""
    trouble: str = ""
    """Why the folder could not be read; empty if it could."""

    @property
    def enrolled(self) -> dict[str, IdentityFile]:
        """The files in use, by the name of their identity."""
        return {file.identity.name: file for file in self.files if file.identity and not file.trouble}


class Identities:
    """The folder, as of the last `look`."""

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        """Read the folder, and log a warning for each file that cannot be used."""
        self._checkpoint = Checkpoint.of(runtime)
        self.folder = read_folder(self._checkpoint, folder)
        self._warn({})

    @property
    def library(self) -> Library:
        """The available identities. Any thread may ask for them."""
        return self.folder.library

    def look(self) -> bool:
        """Read the folder again if anything in it has changed, and log what; returns whether anything has changed."""
        before = self.folder
        stamps, trouble = _stamps(before.path)
        if trouble == before.trouble and stamps == {file.path: file.stamp for file in before.files}:
            return False
        self.folder = read_folder(self._checkpoint, before.path)
        self._warn({before.path: before.trouble} | {file.path: (file.stamp, file.trouble) for file in before.files})
        was, now = before.enrolled, self.folder.enrolled
        for name in sorted(was.keys() | now.keys()):
            if name not in was:
                log.info("identity %s: added (%s)", name, now[name].path)
            elif name not in now:
                log.info("identity %s: removed (%s)", name, was[name].path)
            elif now[name].stamp != was[name].stamp:
                log.info("identity %s: changed (%s)", name, now[name].path)
        return True

    def _warn(self, before: Mapping[Path, object]) -> None:
        """Log each problem once until it changes; `before` is what was known of each file."""
        if self.folder.trouble and before.get(self.folder.path) != self.folder.trouble:
            log.warning("%s", self.folder.trouble)
        for file in self.folder.files:
            if file.trouble and before.get(file.path) != (file.stamp, file.trouble):
                log.warning("%s", file.trouble)


def known(name: str | None, library: Library) -> bool:
    """Whether the settings may name this identity."""
    return name in (None, AUTO, UNKNOWN, *library.names)


def read_folder(checkpoint: Checkpoint, path: Path) -> Folder:
    """Read all files of a folder; damaged ones, and those of other checkpoints, are left out of its library."""
    library, files = checkpoint.library, list[IdentityFile]()
    holders: dict[str, Path] = {}
    stamps, trouble = _stamps(path)
    for each, stamp in stamps.items():
        file = _read(checkpoint, each, stamp, holders)
        files.append(file)
        if file.identity and not file.trouble:
            holders[file.identity.name] = each
            library = library.enrolled(file.identity)
    return Folder(path, tuple(files), library, trouble)


def _read(checkpoint: Checkpoint, path: Path, stamp: Stamp, holders: Mapping[str, Path]) -> IdentityFile:
    """Read one file; `holders` are the files in which names have been found before."""
    identity = None
    try:
        identity = identity_file.read(path)
        checkpoint.require(identity, path)
        if identity.name in holders:
            raise FacewireError(
                f"{path}: {identity.name!r} is in {holders[identity.name]}, too, which is used; remove one"
            )
    except FacewireError as error:
        return IdentityFile(path, stamp, identity, str(error))
    return IdentityFile(path, stamp, identity)


def _stamps(folder: Path) -> tuple[dict[Path, Stamp], str]:
    """The identity files that are there, or why they cannot be listed."""
    stamps: dict[Path, Stamp] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(SUFFIX) and entry.is_file():
                    with suppress(FileNotFoundError):  # it has just been deleted
                        seen = entry.stat()
                        stamps[Path(entry)] = Stamp(seen.st_mtime_ns, seen.st_size, seen.st_ino)
    except FileNotFoundError:
        pass
    except OSError as error:
        return {}, f"{folder}: the folder of identities cannot be read: {error.strerror or error}"
    return stamps, ""
