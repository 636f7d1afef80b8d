import sys

import pytest

from daemon.sound import devices
from daemon.sound.devices import find, label
from protocols.errors import FacewireError
from tests.daemon.fake_sounddevice import FakeSoundDevice, device

MME, DIRECT_SOUND, WASAPI, KERNEL_STREAMING = range(4)


@pytest.fixture
def windows() -> FakeSoundDevice:
    """Two microphones as PortAudio lists them on Windows; MME cuts names."""
    return FakeSoundDevice(
        [
            device(0, "Microsoft Sound Mapper - Input", 44_100, hostapi=MME),
            device(1, "Headset (Jabra)", 44_100, hostapi=MME),
            device(2, "Microphone (Yeti Stereo Microph", 44_100, hostapi=MME),
            device(3, "Speakers (Realtek)", 44_100, channels=0, hostapi=MME),
            device(4, "Headset (Jabra)", 44_100, hostapi=DIRECT_SOUND),
            device(5, "Microphone (Yeti Stereo Microphone)", 44_100, hostapi=DIRECT_SOUND),
            device(6, "Headset (Jabra)", 48_000, hostapi=WASAPI),
            device(7, "Microphone (Yeti Stereo Microphone)", 48_000, hostapi=WASAPI),
            device(17, "Microphone (Yeti Stereo\r\nMicrophone)", 48_000, hostapi=KERNEL_STREAMING),
        ],
        default_input=1,
        host_apis={"MME": 1, "Windows DirectSound": 4, "Windows WASAPI": 7, "Windows WDM-KS": 17},
    )


def found(sd: FakeSoundDevice, wanted: str | None) -> int:
    return int(find(sd, wanted)["index"])


def test_where_no_host_api_is_named_wasapi_goes_before_directsound_and_that_before_the_rest(
    windows: FakeSoundDevice,
) -> None:
    assert found(windows, "yeti") == 7
    assert found(windows, "Headset (Jabra)") == 6
    assert found(windows, "Microphone (Yeti Stereo Microph") == 7  # as MME lists it: cut, not exact
    windows.devices = [each for each in windows.devices if each["hostapi"] != WASAPI]
    assert found(windows, "yeti") == 5
    windows.devices = [each for each in windows.devices if each["hostapi"] != DIRECT_SOUND]
    assert found(windows, "yeti") == 2


def test_the_default_is_that_of_the_best_host_api(windows: FakeSoundDevice) -> None:
    assert found(windows, None) == 7
    windows.host_apis["Windows WASAPI"] = -1
    assert found(windows, None) == 4
    windows.host_apis["Windows DirectSound"] = -1
    assert found(windows, None) == 1


def test_elsewhere_the_default_is_the_systems() -> None:
    sd = FakeSoundDevice(
        [device(0, "hw:0", hostapi=0), device(1, "default", hostapi=0), device(2, "Yeti", hostapi=1)],
        default_input=1,
        host_apis={"ALSA": 0, "JACK Audio Connection Kit": 2},
    )
    assert found(sd, None) == 1
    sd.default_input = -1
    with pytest.raises(FacewireError, match="no default microphone"):
        find(sd, None)


@pytest.mark.parametrize("written", ["{index}", "{index} {name}", "{index}   {label}", "{label}", "{label}, {rate} Hz"])
@pytest.mark.parametrize("end", ["", "   (default)"])
def test_what_devices_prints_of_a_device_chooses_it(windows: FakeSoundDevice, written: str, end: str) -> None:
    for each in devices.inputs(windows):
        text = written.format(label=label(windows, each), rate=round(each["default_samplerate"]), **each) + end
        assert found(windows, text) == each["index"], text


def test_a_host_api_may_be_named_behind_a_part_of_the_name(windows: FakeSoundDevice) -> None:
    assert found(windows, "yeti, mme") == 2
    assert found(windows, "Yeti, Windows DirectSound") == 5
    assert found(windows, "yeti, wasapi") == 7
    for nobody in ("yeti, ASIO", "MME", "Windows WASAPI", "44100", "99", "1 Yeti, MMEX"):
        with pytest.raises(FacewireError, match="there is no microphone"):
            find(windows, nobody)


def test_a_line_whose_number_has_changed_goes_by_name_and_host_api(windows: FakeSoundDevice) -> None:
    assert found(windows, "1   Microphone (Yeti Stereo Microphone), Windows DirectSound, 44100 Hz") == 5
    assert found(windows, "42 Headset (Jabra), MME") == 1


def test_a_name_that_begins_with_a_number_or_has_commas_is_matched_as_it_is() -> None:
    names = ["2 Line In", "Mic", "HDA Intel: ALC257 (hw:0,0)", "USB, front"]
    sd = FakeSoundDevice([device(index, name) for index, name in enumerate(names)])
    assert found(sd, "2 line") == 0
    assert found(sd, "ALC257 (hw:0,0)") == 2
    assert found(sd, "USB, f") == found(sd, "USB, front, Fake Audio") == 3


def test_of_two_alike_the_number_tells() -> None:
    sd = FakeSoundDevice([device(3, "USB Mic"), device(4, "USB Mic")])
    assert found(sd, "4 USB Mic, Fake Audio, 16000 Hz") == 4
    assert found(sd, "USB Mic, Fake Audio") == 3


def test_without_portaudio_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(FacewireError, match=r"PortAudio library not found.*apt install libportaudio2"):
        devices.portaudio()
