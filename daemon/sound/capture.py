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
    if not Path(wanted).is_file():
        raise FacewireError(f"input {wanted!r}: no such file; a microphone is chosen by mic or mic:NAME")
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
