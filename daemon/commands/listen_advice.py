"""What `facewire listen` advises if no face arrives."""

from dataclasses import dataclass
from typing import Final

from protocols.blendshapes import NAMES
from protocols.sinks import SinkSpec

HOLDERS: Final = {
    "livelink": "Unreal or another Live Link receiver",
    "vmc": "the avatar app itself (VSeeFace, VMagicMirror, Warudo, …)",
    "osc": "VRChat or another OSC app",
}
"""The programs that usually hold a protocol's port."""


@dataclass
class Count:
    """What has arrived so far."""

    messages: int = 0
    strangers: int = 0
    """Messages of another protocol."""
    frames: int = 0


def advice(spec: SinkSpec, count: Count) -> str:
    """What to check, depending on what has arrived instead of a face."""
    name = spec.protocol
    if count.messages > count.strangers:
        ended = ", and Blend/Apply behind them" if name == "vmc" else ""
        return f"{count.messages} messages have arrived, but no whole face: all {len(NAMES)} blendshapes{ended}"
    if count.messages:
        return f"{count.messages} messages have arrived, none of them {name}: does the sender use another protocol?"
    return "\n  ".join(["nothing has arrived so far:", *_checks(spec)])


def _checks(spec: SinkSpec) -> list[str]:
    name, port = spec.protocol, spec.port
    everywhere = spec.host in ("0.0.0.0", "::")
    sink = f"{name}://{f'127.0.0.1:{port}' if everywhere else spec.address}"
    checks = [f"is the sender running, with the same protocol, address and port (facewire run --sink {sink})?"]
    if name == "zmq":
        return [
            *checks,
            "does another program hold the port at the sender's? Only one can publish there",
            "is the sender another machine? Then it must publish at an address that can be reached from here, and its "
            f"firewall must let TCP port {port} in",
        ]
    listen = "" if everywhere else f"listen at {name}://0.0.0.0:{port}, "
    return [
        *checks,
        f"does another program hold the port, such as {HOLDERS[name]}? Close it",
        f"is the sender another machine? Then {listen}send to this machine's address, and let UDP port {port} in "
        "through its firewall",
    ]
