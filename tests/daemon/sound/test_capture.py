import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from types import SimpleNamespace
from typing import BinaryIO

import numpy as np
import pytest
import soundfile

from daemon.line.blocks import AudioChunk, samples_ns
from daemon.line.queues import DropOldestQueue
from daemon.sound import capture, stdin
from daemon.sound.capture import listen, open_other, open_source
from daemon.sound.files import DEMO, SoundFile
from daemon.sound.stdin import StandardInput
from model.audio import read_audio
from model.windows import Samples
from protocols.errors import FacewireError
from tests.daemon.clocks import FakeClock
from tests.daemon.fake_sounddevice import FakeSoundDevice, device
from tests.daemon.sounds import sound


def delivered(source: capture.Source, stop: Event | None = None) -> list[AudioChunk]:
    chunks = DropOldestQueue[AudioChunk](100_000)
    source.run(chunks, stop or Event())
    chunks.close()
    return list(chunks)


def joined(chunks: list[AudioChunk]) -> Samples:
    """The sound of chunks, of which none may be missing."""
    assert [chunk.start for chunk in chunks[1:]] == [chunk.end for chunk in chunks[:-1]]
    return np.concatenate([chunk.samples for chunk in chunks])


def test_a_file_is_played_at_the_speed_of_the_clock() -> None:
    samples = sound(5_000)
    chunks = delivered(SoundFile("x", samples, clock=FakeClock(77)))
    np.testing.assert_array_equal(joined(chunks), samples)
    assert [chunk.arrived_ns for chunk in chunks] == [77 + samples_ns(chunk.end) for chunk in chunks]


def test_the_demo_voice_goes_round_until_it_is_stopped() -> None:
    stop = Event()

    class StopAfter(FakeClock):
        def sleep_until(self, due_ns: int) -> None:
            super().sleep_until(due_ns)
            if due_ns > 25e9:
                stop.set()

    demo = open_source("demo", 16_000)
    assert isinstance(demo, SoundFile)
    assert demo.loop
    once = read_audio(DEMO)
    heard = joined(delivered(SoundFile(demo.name, demo.samples, loop=True, clock=StopAfter()), stop))
    np.testing.assert_array_equal(heard[len(once) : len(once) + 8_000], once[:8_000])


def test_the_demo_voice_is_ten_seconds_of_loud_speech() -> None:
    samples = read_audio(DEMO)
    assert 8 < len(samples) / 16_000 < 15
    assert 0.3 < np.abs(samples).max() < 1
    assert DEMO.stat().st_size < 300_000


def test_a_sound_file_of_any_rate_is_a_source(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    soundfile.write(file, sound(8_000), 8_000)
    source = open_source(str(file), 16_000)
    assert (source.name, source.rate_hz) == (str(file), 16_000)
    assert isinstance(source, SoundFile)
    assert len(source.samples) == 16_000


def test_a_file_that_is_not_there_or_no_sound_is_told(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="no such file; a microphone is chosen by mic"):
        open_source(str(tmp_path / "none.wav"), 16_000)
    (tmp_path / "text.wav").write_text("hello", encoding="utf-8")
    with pytest.raises(FacewireError, match="not a sound file"):
        open_source(str(tmp_path / "text.wav"), 16_000)


def test_auto_is_the_microphone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice([device(0, "USB Mic")]))
    assert open_source("auto", 16_000).name == "USB Mic"
    assert open_source("mic", 16_000).name == "USB Mic"
    assert open_source("mic:usb", 16_000).name == "USB Mic"


def test_auto_without_a_microphone_is_the_demo_and_says_so_loudly(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice())
    caplog.set_level(logging.WARNING)
    assert open_source("auto", 16_000).name == "demo voice"
    assert "DEMO VOICE" in caplog.text
    assert "--input mic:NAME" in caplog.text
    with pytest.raises(FacewireError, match="no default microphone"):
        open_source("mic", 16_000)


def test_whom_the_face_listens_to_is_a_second_device_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    devices = [device(0, "USB Mic"), device(1, "Monitor of Built-in", 48_000)]
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice(devices))
    soundfile.write(tmp_path / "a.wav", sound(800), 16_000, subtype="FLOAT")
    own = open_source("mic", 16_000)
    assert open_other("mic:monitor of", own).name == "Monitor of Built-in"
    file = open_other(str(tmp_path / "a.wav"), own)
    assert isinstance(file, SoundFile)
    np.testing.assert_array_equal(file.samples, sound(800))
    assert open_other("mic:usb", file).name == "USB Mic"  # the input is a file


def test_nobody_is_listened_to_where_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice([device(0, "USB Mic"), device(1, "Line In")]))
    own = open_source("mic", 16_000)
    with pytest.raises(FacewireError, match=r"listen_to 'mic:cable': there is no microphone 'cable'(.|\n)*1  Line In"):
        open_other("mic:cable", own)
    with pytest.raises(FacewireError, match=r"listen_to 'mic:usb': 'USB Mic' is the input already"):
        open_other("mic:usb", own)
    with pytest.raises(
        FacewireError, match=r"listen_to '.*none.wav': no such file; a microphone is chosen by mic:NAME"
    ):
        open_other(str(tmp_path / "none.wav"), own)


@pytest.mark.parametrize("error", [FacewireError("it does not start"), ArithmeticError("cosmic ray")])
def test_one_who_is_heard_no_more_ends_nothing(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        name, rate_hz, latency_ms = "CABLE Output", 16_000, 0.0

        def run(self, chunks: DropOldestQueue[AudioChunk], stop: Event) -> None:
            raise error

    listen(Broken(), DropOldestQueue(1), Event())
    assert f"CABLE Output is heard no more: {error}" in caplog.text


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[BinaryIO]:
    """The end of a pipe that feeds standard input."""
    read, write = os.pipe()
    with open(read, "rb", buffering=0) as reader, open(write, "wb", buffering=0) as writer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(reader), encoding="utf-8"))
        yield writer


def pcm(samples: Samples) -> bytes:
    return np.round(samples * 32768).astype("<i2").tobytes()


def feed(pipe: BinaryIO, data: bytes) -> Thread:
    def write() -> None:
        with pipe:
            for begin in range(0, len(data), 999):  # odd: samples are cut in two
                pipe.write(data[begin : begin + 999])

    thread = Thread(target=write)
    thread.start()
    return thread


@pytest.mark.parametrize("seconds", [0.5, 10])
def test_a_piped_recording_is_played_whole_at_the_speed_of_the_clock(pipe: BinaryIO, seconds: float) -> None:
    samples = sound(int(seconds * 16_000))
    writer = feed(pipe, pcm(samples))
    chunks = delivered(StandardInput(16_000, clock=FakeClock()))
    writer.join(20)
    np.testing.assert_allclose(joined(chunks), samples, atol=1 / 32768)
    assert [chunk.arrived_ns for chunk in chunks] == [samples_ns(chunk.end) for chunk in chunks]


def test_a_piped_recording_of_another_rate_is_resampled(pipe: BinaryIO) -> None:
    writer = feed(pipe, pcm(sound(48_000)))
    chunks = delivered(StandardInput(48_000, clock=FakeClock()))
    writer.join(20)
    assert len(joined(chunks)) == pytest.approx(16_000, abs=2)


def test_a_live_feed_begins_with_its_newest_sound(pipe: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdin, "PROBE_S", 0.2)
    backlog, later = sound(8_000), sound(1_600, seed=1)
    pipe.write(pcm(backlog))  # gathered while the program was starting
    chunks, source = DropOldestQueue[AudioChunk](1000), StandardInput(16_000)
    thread = Thread(target=source.run, args=(chunks, Event()))
    thread.start()
    heard = [next(iter(chunks))]
    with pipe:
        pipe.write(pcm(later))
    thread.join(20)
    chunks.close()
    heard += list(chunks)
    np.testing.assert_allclose(joined(heard), np.concatenate([backlog[-160:], later]), atol=1 / 32768)


def test_a_feed_that_stays_open_can_be_stopped(pipe: BinaryIO) -> None:
    stop = Event()
    thread = Thread(target=StandardInput(16_000).run, args=(DropOldestQueue[AudioChunk](10), stop))
    thread.start()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    pipe.close()
    for reader in [thread for thread in enumerate_threads() if thread.name == "stdin"]:
        reader.join(20)  # before its descriptor means something else


def test_standard_input_that_cannot_be_read_ends_the_sound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False, fileno=lambda: folder))
    assert delivered(StandardInput(16_000)) == []
    os.close(folder)
    assert "standard input cannot be read" in caplog.text


def test_a_keyboard_is_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    with pytest.raises(FacewireError, match="there is none; try: ffmpeg"):
        StandardInput(16_000)
