"""`facewire devices`: the microphones."""

import typer

from protocols.errors import FacewireError


def devices() -> None:
    """List the microphones.

    --input takes the number, a part of the name or a whole line, in quotes.

    Example: facewire devices
    """
    from daemon.sound.devices import find, inputs, label, portaudio

    sd = portaudio()
    found = inputs(sd)
    if not found:
        raise FacewireError("there is no microphone; plug one in, or use --input FILE or --input demo")
    try:
        default = find(sd, None)["index"]
    except FacewireError:  # there is none
        default = None
    for device in found:
        rate, marked = f"{device['default_samplerate']:.0f} Hz", "   (default)" if device["index"] == default else ""
        typer.echo(f"mic:{device['index']:<3} {label(sd, device)}, {rate}{marked}")
