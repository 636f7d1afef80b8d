"""Where the sound comes from: chooses the source that the setting `input` names."""

import logging
from pathlib import Path
from threading import Event
from typing import Protocol

from daemon.line.blocks import AudioChunk
from daemon.line.queues import DropOldestQueue
from daemon.sound.files import DEMO, SoundFile
from daemon.sound.microphone import Microphone
from daemon.sound.stdin import StandardInput
from model.audio import read_audio
from protocols.errors import FacewireError

log = logging.getLogger(__name__)


class Source(Protocol):
    """Delivers sound at 16 kHz."""

    @property
    def name(self) -> str:
        """As the user knows it."""

    @property
    def rate_hz(self) -> int:
        """The source's own sample rate."""

    @property
    def latency_ms(self) -> float:
        """From the sound in the air until it is in the program's hands, the chunk's own length not counted."""

    def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
        """Deliver until the sound ends or `stop` is set."""


def open_source(wanted: str, input_rate_hz: int) -> Source:
    """The source for `auto`, `mic`, `mic:NAME`, `-`, `demo` or a file. Raises FacewireError, saying what there is."""
    if wanted == "auto":
        return _microphone_or_demo()
    if wanted == "mic":
        return Microphone()
    if wanted.startswith("mic:"):
        return Microphone(wanted.removeprefix("mic:"))
    if wanted == "-":
        return StandardInput(input_rate_hz)
    if wanted == "demo":
        return _demo()
    return _file(wanted, "input", "mic or mic:NAME")


def open_other(wanted: str, own: Source) -> Source:
    """The source for the setting `listen_to`, `mic:NAME` or a file, beside the input that is open.

    Raises FacewireError, saying what there is.
    """
    if not wanted.startswith("mic:"):
        return _file(wanted, "listen_to", "mic:NAME")
    name, beside = wanted.removeprefix("mic:"), own if isinstance(own, Microphone) else None
    try:
        if beside and beside.is_meant(name):
            raise FacewireError(f"{beside.name!r} is the input already; `facewire devices` lists the others")
        return Microphone(name, beside)
    except FacewireError as error:
        raise FacewireError(f"listen_to {wanted!r}: {error}") from error


def listen(other: Source, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
    """Deliver the sound of whom the face listens to. If that fails, it is told, and the face goes on without."""
    try:
        other.run(chunks, stop)
    except Exception as error:
        unexpected = None if isinstance(error, FacewireError) else error
        log.warning("%s is heard no more: %s", other.name, error, exc_info=unexpected)


def _file(wanted: str, setting: str, otherwise: str) -> SoundFile:
    if not Path(wanted).is_file():
        raise FacewireError(f"{setting} {wanted!r}: no such file; a microphone is chosen by {otherwise}")
    return SoundFile(wanted, read_audio(wanted))


def _demo() -> SoundFile:
    return SoundFile("demo voice", read_audio(DEMO), loop=True)


def _microphone_or_demo() -> Source:
    try:
        return Microphone()
    except FacewireError as error:
        log.warning(
            "NO MICROPHONE IN USE: you hear nothing, the face moves to the bundled DEMO VOICE. Choose the input with "
            "--input mic:NAME or --input FILE; `facewire devices` lists the microphones.\n(%s)",
            error,
        )
        return _demo()
