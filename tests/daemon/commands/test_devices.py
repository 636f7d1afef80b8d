from daemon.sound.capture import open_source
from tests.daemon.commands.shell import facewire, refused
from tests.daemon.fake_sounddevice import FakeSoundDevice, device


def test_devices_lists_the_microphones(sd: FakeSoundDevice) -> None:
    result = facewire("devices")
    assert result.output.splitlines() == [
        "mic:2   Line In, Fake Audio, 16000 Hz",
        "mic:7   USB Mic, Fake Audio, 48000 Hz   (default)",
    ]
    sd.devices = []
    assert "plug one in" in refused("devices")


def test_a_line_of_it_is_an_input_and_on_windows_the_default_is_wasapis(sd: FakeSoundDevice) -> None:
    sd.host_apis = {"MME": 1, "Windows DirectSound": 2, "Windows WASAPI": 4}
    sd.devices = [
        device(1, "Microphone (Yeti Stereo Microph", 44_100, hostapi=0),
        device(2, "Microphone (Yeti Stereo Microphone)", 44_100, hostapi=1),
        device(3, "Headset (Jabra)", 16_000, hostapi=2),
        device(4, "Microphone (Yeti Stereo Microphone)", 48_000, hostapi=2),
    ]
    lines = facewire("devices").output.splitlines()
    assert lines[0] == "mic:1   Microphone (Yeti Stereo Microph, MME, 44100 Hz"
    assert lines[3] == "mic:4   Microphone (Yeti Stereo Microphone), Windows WASAPI, 48000 Hz   (default)"
    for line in lines:
        open_source(line, 16_000)
    assert [stream.options["device"] for stream in sd.streams] == [1, 2, 3, 4]
