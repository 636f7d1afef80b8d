"""What the real program tells the preview: the messages that tests of the page are fed with, at values of their own."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import soundfile

from daemon import app
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols.frame import Frame
from protocols.sinks import SinkSpec
from tests.daemon.sounds import sound

TABLES: Final = ("match", "regions")
"""Fields whose own names are identities and regions, whichever there are."""


@dataclass
class Listener:
    """In the preview's place: remembers what it is told, and has a take recorded from the first frame on."""

    settings: LiveSettings
    url: str = "http://127.0.0.1:1/"
    spec: SinkSpec = field(default_factory=lambda: SinkSpec("preview", "127.0.0.1", 1, None, 0))
    hello: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)

    def introduce(self, hello: Mapping[str, object]) -> None:
        if hello.get("phase") != "ended":
            self.hello |= hello

    def tell(self, status: Mapping[str, Any]) -> None:
        if status["recording"]:
            self.status = dict(status)

    def send(self, frame: Frame) -> None:
        if not frame.index:
            self.settings.change({"record": True})

    def say(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


@cache
def _told() -> Listener:
    """What the program told while it recorded a take."""
    listeners: list[Listener] = []

    def listen(settings: LiveSettings) -> Listener:
        listeners.append(Listener(settings))
        return listeners[0]

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Preview", listen)
        place = Path(folder)
        soundfile.write(place / "talk.wav", sound(24_000), 16_000)
        given = {"input": str(place / "talk.wav"), "takes": place / "takes", "sinks": ["vmc://127.0.0.1:9"]}
        app.run(DaemonConfig.model_validate(given), lambda text: None)
    return listeners[0]


def hello(**values: object) -> dict[str, Any]:
    """The program's hello message with these values. Fails for a name that the program does not use."""
    return _changed(_told().hello, values)


def status(**values: object) -> dict[str, Any]:
    """A status message of the program with these values. Fails for a name that the program does not use."""
    return _changed(_told().status, values)


def _changed(message: Mapping[str, Any], values: Mapping[str, object]) -> dict[str, Any]:
    for name, value in values.items():
        assert name in message, f"the program sends no {name}, but {', '.join(message)}"
        if value is not None and name not in TABLES:
            assert _names(value) == _names(message[name]), name
    return {**message, **values}


def _names(value: object) -> object:
    """The names in a value, and in those of which it consists."""
    if isinstance(value, Mapping):
        return {name: _names(each) for name, each in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return _names(value[0])
    return None
