"""`facewire devices`: the microphones."""

import typer

from protocols.errors import FacewireError


def devices() -> None:
    """List the microphones.

    Example: facewire devices
    """
    from daemon.sound.microphone import inputs, portaudio

    sd = portaudio()
    found = inputs(sd)
    if not found:
        raise FacewireError("there is no microphone; plug one in, or use --input FILE or --input demo")
    for device in found:
        default = "   (default)" if device["index"] == sd.default.device[0] else ""
        system = sd.query_hostapis(device["hostapi"])["name"]
        rate = f"{device['default_samplerate']:.0f} Hz"
        typer.echo(f"mic:{device['index']:<3} {device['name']}, {system}, {rate}{default}")
