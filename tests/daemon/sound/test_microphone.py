import logging
import sys
from threading import Event, Thread

import numpy as np
import pytest

from daemon.line.blocks import AudioChunk
from daemon.line.queues import DropOldestQueue
from daemon.sound import microphone
from daemon.sound.microphone import Microphone
from protocols.errors import FacewireError
from tests.daemon.fake_sounddevice import FakeSoundDevice, FakeStream, PortAudioError, WasapiSettings, device
from tests.daemon.sounds import sound


@pytest.fixture
def sd(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    fake = FakeSoundDevice([device(0, "Line In"), device(3, "USB Mic"), device(5, "USB Mic Pro", 48_000)])
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(microphone, "SILENT_S", 0.05)
    monkeypatch.setattr(microphone, "RETRY_S", 0.01)
    return fake


class Running:
    """A microphone whose `run` is under way in a thread."""

    def __init__(self, mic: Microphone) -> None:
        self.chunks = DropOldestQueue[AudioChunk](1000)
        self.stop = Event()
        self.errors: list[Exception] = []
        self.thread = Thread(target=self._run, args=(mic,))
        self.thread.start()

    def _run(self, mic: Microphone) -> None:
        try:
            mic.run(self.chunks, self.stop)
        except Exception as error:
            self.errors.append(error)

    def get(self) -> AudioChunk:
        chunk = self.chunks.get(timeout_s=20)
        assert chunk is not None
        return chunk

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


def test_the_callback_copies_and_chunks_follow_each_other(sd: FakeSoundDevice) -> None:
    running = Running(Microphone())
    samples = sound(480)
    for begin in (0, 160, 320):
        sd.streams[0].hear(samples[begin : begin + 160])
    chunks = [running.get() for _ in range(3)]
    running.end()
    assert [chunk.start for chunk in chunks] == [0, 160, 320]
    np.testing.assert_allclose(np.concatenate([chunk.samples for chunk in chunks]), samples, atol=1e-7)
    assert sd.streams[0].closed


def test_the_device_is_opened_at_its_own_rate_and_resampled(sd: FakeSoundDevice) -> None:
    mic = Microphone("usb mic pro")
    assert (mic.name, mic.rate_hz) == ("USB Mic Pro", 48_000)
    assert sd.streams[0].options["samplerate"] == 48_000
    assert sd.streams[0].options["blocksize"] == 480
    assert 20 < mic.latency_ms < 40  # the card's 20 ms and the resampling
    running = Running(mic)
    tone = np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000).astype(np.float32)
    for begin in range(0, 24_000, 480):
        sd.streams[0].hear(tone[begin : begin + 480])
    heard = np.concatenate([running.get().samples for _ in range(48)])
    running.end()
    crossings = np.sum(np.diff(np.sign(heard[1000:7000])) > 0)
    assert crossings == pytest.approx(440 * 6000 / 16_000, abs=1)


def test_the_exact_name_goes_before_a_longer_one(sd: FakeSoundDevice) -> None:
    sd.devices.reverse()
    assert Microphone("USB Mic").name == "USB Mic"


def test_a_number_chooses_a_device(sd: FakeSoundDevice) -> None:
    assert Microphone("5").name == "USB Mic Pro"


def test_an_unknown_device_lists_those_there_are(sd: FakeSoundDevice) -> None:
    with pytest.raises(FacewireError, match=r"no microphone 'Banana'(.|\n)*mic:0  Line In\n  mic:3  USB Mic\n"):
        Microphone("Banana")


def test_no_device_at_all_is_told(sd: FakeSoundDevice) -> None:
    sd.devices = []
    with pytest.raises(FacewireError, match=r"no default microphone(.|\n)*--input demo"):
        Microphone()


def test_a_device_that_cannot_be_opened_or_started_says_why(sd: FakeSoundDevice) -> None:
    def refuse(stream: FakeStream) -> None:
        raise PortAudioError("Device unavailable")

    sd.on_open = refuse
    with pytest.raises(FacewireError, match=r"'Line In' cannot be opened: Device unavailable.*facewire devices"):
        Microphone()


def test_all_channels_are_heard() -> None:
    block = np.array([[0.2, 0.6], [0.0, -0.5], [np.nan, 0.4]], np.float32)
    np.testing.assert_allclose(microphone.mono(block), [0.4, -0.25, 0.2])
    assert microphone.mono(block).dtype == np.float32


def test_what_is_not_a_number_is_silence(sd: FakeSoundDevice) -> None:
    running = Running(Microphone())
    samples = sound(160)
    samples[3], samples[5] = np.nan, np.inf
    sd.streams[0].hear(samples)
    heard = running.get().samples
    running.end()
    assert heard[3] == heard[5] == 0
    assert np.isfinite(heard).all()


def test_a_device_that_vanishes_is_waited_for(sd: FakeSoundDevice, caplog: pytest.LogCaptureFixture) -> None:
    back = Event()
    plugged = sd.devices

    def open_again(stream: FakeStream) -> None:
        back.set()

    caplog.set_level(logging.WARNING)
    running = Running(Microphone("USB Mic"))
    sd.streams[0].hear(sound(160))
    first = running.get()
    sd.devices = plugged[:1]
    while not sd.restarts:  # the silence has been noticed
        running.stop.wait(0.01)
    sd.on_open = open_again
    sd.devices = plugged
    assert back.wait(20)
    while not sd.streams[-1].running:
        running.stop.wait(0.01)
    sd.streams[-1].hear(sound(160))
    second = running.get()
    running.end()
    away = (second.arrived_ns - first.arrived_ns) * 16_000 / 1e9
    assert second.start - first.start == pytest.approx(away, abs=2)
    assert "'USB Mic' is gone" in caplog.text
    assert "'USB Mic' is back" in caplog.text


def test_a_device_is_found_again_on_its_host_api_and_none_that_is_like_it(sd: FakeSoundDevice) -> None:
    sd.host_apis = {"MME": -1, "Windows DirectSound": -1, "Windows WASAPI": -1}
    mic, other, alike = "Microphone (Yeti)", "Line In", "Microphone (Yeti) 2"
    plugged = [
        device(0, mic, 44_100, hostapi=0),
        device(1, mic, 44_100, hostapi=1),
        device(2, other, 48_000, hostapi=2),
        device(3, mic, 48_000, hostapi=2),
    ]
    sd.devices = plugged
    running = Running(Microphone("yeti"))
    sd.streams[0].hear(sound(4_800))
    running.get()
    sd.devices = [device(0, mic, hostapi=0), device(1, mic, hostapi=1), device(2, alike, hostapi=2)]
    while sd.restarts < 3:  # it is away, though others of its name or nearly so are there
        running.stop.wait(0.01)
    assert [stream.options["device"] for stream in sd.streams] == [3]
    sd.devices = [
        device(5, mic, 44_100, hostapi=0),
        device(7, mic, 44_100, hostapi=1),
        device(9, mic, 48_000, hostapi=2),
    ]
    while len(sd.streams) < 2 or not sd.streams[1].running:
        running.stop.wait(0.01)
    running.end()
    assert sd.streams[1].options["device"] == 9


def hears(running: Running, stream: FakeStream) -> None:
    """Its sound comes out, as soon as the stream has been started again."""
    while not stream.running:
        running.stop.wait(0.01)
    stream.hear(sound(160))
    running.get()


def until(running: Running, text: str, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2_000):
        if text in caplog.text:
            return
        running.stop.wait(0.01)
    pytest.fail(f"{text!r} was never said")


def test_a_device_that_is_only_listened_to_comes_back_without_a_break_in_the_input(
    sd: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    own = Microphone("Line In")
    beside = Running(Microphone("USB Mic", own))
    hears(beside, sd.streams[1])
    until(beside, "'USB Mic' is gone; the face listens to nobody until it is back", caplog)
    while len(sd.streams) < 3:
        beside.stop.wait(0.01)
    hears(beside, sd.streams[-1])
    until(beside, "'USB Mic' is back", caplog)
    beside.end()
    assert sd.restarts == 0
    assert not sd.streams[0].closed


def test_an_input_that_is_looked_for_anew_takes_the_other_device_down_and_both_come_back(
    sd: FakeSoundDevice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    plugged = sd.devices
    own = Microphone("Line In")
    guest = Microphone("USB Mic", own)
    running, beside = Running(own), Running(guest)
    hears(running, sd.streams[0])
    hears(beside, sd.streams[1])
    sd.devices = plugged[1:]
    while sd.restarts < 5:  # the input is away; nothing opens while PortAudio is being restarted
        running.stop.wait(0.01)
    assert len(sd.streams) == 2
    assert all(stream.closed for stream in sd.streams)
    sd.devices = plugged
    while len(sd.streams) < 3:
        running.stop.wait(0.01)
    hears(running, sd.streams[2])
    until(running, "'Line In' is back", caplog)
    for _ in range(2_000):
        if len(sd.streams) > 3 and sd.streams[-1].options["device"] == 3 and sd.streams[-1].running:
            break
        sd.streams[2].hear(sound(160))  # the input goes on
        running.stop.wait(0.01)
    hears(beside, sd.streams[-1])
    running.end()
    beside.end()


def test_a_device_knows_whether_it_is_meant(sd: FakeSoundDevice) -> None:
    assert Microphone("USB Mic Pro").is_meant("pro")
    assert not Microphone("USB Mic Pro").is_meant("USB Mic")


def test_wasapi_is_told_to_convert_and_no_other(sd: FakeSoundDevice) -> None:
    sd.host_apis = {"Windows WASAPI": -1, "MME": -1}
    sd.devices = [device(0, "Array", 48_000, channels=4, hostapi=0), device(1, "Array", 44_100, hostapi=1)]
    Microphone("Array, WASAPI")
    Microphone("Array, MME")
    assert [stream.options["extra_settings"] for stream in sd.streams] == [WasapiSettings(auto_convert=True), None]


def test_a_sound_service_that_hangs_ends_the_program_instead(
    sd: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "HANG_S", 0.05)
    released = Event()
    monkeypatch.setattr(FakeStream, "close", lambda self, ignore_errors: released.wait(20))
    running = Running(Microphone())
    running.thread.join(20)
    released.set()
    assert "start facewire again" in str(running.errors[0])


def test_a_microphone_whose_start_never_returns_ends_the_program_and_says_so(
    sd: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "START_S", 0.05)
    released = Event()
    monkeypatch.setattr(FakeStream, "start", lambda self: released.wait(20))
    running = Running(Microphone())
    running.thread.join(20)
    released.set()
    assert "'Line In' does not start: the system's sound service hangs" in str(running.errors[0])


def test_one_that_refuses_to_start_says_why(sd: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(stream: FakeStream) -> None:
        raise PortAudioError("Device busy")

    monkeypatch.setattr(FakeStream, "start", refuse)
    running = Running(Microphone())
    running.thread.join(20)
    assert "'Line In' does not start: Device busy" in str(running.errors[0])
