"""The hardware's edge, faked: what facewire uses of sounddevice, with devices that tests plug in and out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from model.windows import Samples


class PortAudioError(Exception):
    pass


def device(index: int, name: str, rate_hz: int = 16_000, channels: int = 2, hostapi: int = 0) -> dict[str, Any]:
    return {
        "index": index,
        "name": name,
        "hostapi": hostapi,
        "max_input_channels": channels,
        "default_samplerate": float(rate_hz),
    }


@dataclass(frozen=True)
class WasapiSettings:
    auto_convert: bool = False


@dataclass
class FakeStream:
    """A stream whose sound the test feeds in."""

    options: dict[str, Any]
    latency: float = 0.02
    running: bool = False
    closed: bool = False

    def start(self) -> None:
        self.running = True

    def close(self, ignore_errors: bool = True) -> None:
        self.running, self.closed = False, True

    def hear(self, samples: Samples) -> None:
        """Call the callback as PortAudio would, with a buffer that it uses again afterwards."""
        buffer = np.repeat(samples[:, None], self.options["channels"], 1).astype(np.float32)
        self.options["callback"](buffer, len(buffer), None, None)
        buffer[:] = 9.0


@dataclass
class FakeSoundDevice:
    """Stands in for the module."""

    devices: list[dict[str, Any]] = field(default_factory=list)
    default_input: int = 0
    host_apis: dict[str, int] = field(default_factory=lambda: {"Fake Audio": 0})
    """Names of the host APIs, in order, and the default input of each; -1: none."""
    streams: list[FakeStream] = field(default_factory=list)
    restarts: int = 0
    on_open: Callable[[FakeStream], None] = lambda stream: None
    PortAudioError: type[Exception] = PortAudioError
    WasapiSettings: type[WasapiSettings] = WasapiSettings

    @property
    def default(self) -> SimpleNamespace:
        return SimpleNamespace(device=(self.default_input if self.devices else -1, -1))

    def query_devices(self) -> list[dict[str, Any]]:
        return self.devices

    def query_hostapis(self, index: int) -> dict[str, Any]:
        name, default = list(self.host_apis.items())[index]
        return {"name": name, "default_input_device": default}

    def InputStream(self, **options: Any) -> FakeStream:  # noqa: N802
        stream = FakeStream(options)
        self.streams.append(stream)
        self.on_open(stream)
        return stream

    def _terminate(self) -> None:
        self.restarts += 1

    def _initialize(self) -> None:
        pass

    def _exit_handler(self) -> None:
        pass
