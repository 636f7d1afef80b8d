"""Which microphones there are, and which one is meant.

A device is known by its name and its host API, PortAudio's word for one of the system's ways to reach it. On Windows
each device is there several times, once per host API.
"""

import re
from typing import Any, Final

from protocols.errors import FacewireError

Device = dict[str, Any]
"""As sounddevice's `query_devices` describes it."""

WASAPI: Final = "Windows WASAPI"
PREFERRED: Final = (WASAPI, "Windows DirectSound")
"""Host APIs, the best first. PortAudio's own choice on Windows, MME, is slow."""
MME_NAME_LENGTH: Final = 31
"""Characters at which MME cuts names."""
_PRINTED_END: Final = re.compile(r"(, \d+ Hz)?( \(default\))?$")


def portaudio() -> Any:
    """The module sounddevice. Raises FacewireError where PortAudio is not installed."""
    try:
        import sounddevice
    except OSError as error:
        raise FacewireError(
            f"no microphone can be used: {error}. On Linux install PortAudio: sudo apt install libportaudio2"
        ) from error
    return sounddevice


def inputs(sd: Any) -> list[Device]:
    """All devices that can record; `index` is the number that `mic:NUMBER` takes."""
    return [device for device in sd.query_devices() if device["max_input_channels"] > 0]


def host_api(sd: Any, device: Device) -> str:
    """The name of a device's host API."""
    return str(sd.query_hostapis(device["hostapi"])["name"])


def label(sd: Any, device: Device) -> str:
    """Name and host API of a device: what it is known by."""
    return f"{_spaced(device['name'])}, {host_api(sd, device)}"


def find(sd: Any, wanted: str | None) -> Device:
    """The device that is meant: by its number, by a part of its name or by its line of `facewire devices`.

    None is the default one. Where no host API is named, those in `PREFERRED` go before the others. Raises
    FacewireError, listing all, where there is no such device.
    """
    devices = inputs(sd)
    found = _default(sd, devices) if wanted is None else _meant(sd, devices, wanted)
    if found:
        return found
    known = (
        "\n".join(f"  mic:{d['index']}  {d['name']}" for d in devices)
        or "  (none: plug one in, or use --input FILE or --input demo)"
    )
    what = f"there is no microphone {wanted!r}" if wanted else "there is no default microphone"
    raise FacewireError(f"{what}; the inputs here are\n{known}")


def _default(sd: Any, devices: list[Device]) -> Device | None:
    """The default of the best host API in `PREFERRED` that has one, else the system's."""
    for device in sorted(devices, key=lambda each: _rank(sd, each)):
        api = sd.query_hostapis(device["hostapi"])
        if api["name"] in PREFERRED and api["default_input_device"] == device["index"]:
            return device
    return next((device for device in devices if device["index"] == sd.default.device[0]), None)


def _meant(sd: Any, devices: list[Device], wanted: str) -> Device | None:
    """The device that fits best; of several that fit as well, the one of the best host API."""
    text = _PRINTED_END.sub("", _spaced(wanted)).casefold()
    fitting = [(misfit, _rank(sd, each), each) for each in devices if (misfit := _misfit(sd, each, text)) is not None]
    return min(fitting, key=lambda each: each[:2])[2] if fitting else None


def _misfit(sd: Any, device: Device, text: str) -> int | None:
    """0 where a text in lower case names this very device, more where it may, None where it cannot."""
    name, api = _spaced(device["name"]).casefold(), host_api(sd, device).casefold()
    index, _, rest = text.partition(" ")
    if index == str(device["index"]) and (not rest or _is_part(rest, name, api)):
        return 0
    cut = api == "mme" and len(name) >= MME_NAME_LENGTH
    if text == f"{name}, {api}" or (text == name and not cut):
        return 1
    if _is_part(text, name, api):
        return 2
    return 3 if index.isdecimal() and rest and _is_part(rest, name, api) else None  # numbers change


def _is_part(text: str, name: str, api: str) -> bool:
    """Whether a text is a part of a name, or one with the host API behind it."""
    part, _, behind = text.rpartition(", ")
    return text in name or (part != "" and part in name and behind in (api, api.removeprefix("windows ")))


def _rank(sd: Any, device: Device) -> int:
    api = host_api(sd, device)
    return PREFERRED.index(api) if api in PREFERRED else len(PREFERRED)


def _spaced(text: str) -> str:
    """With single spaces: some drivers' names have line breaks."""
    return " ".join(text.split())
