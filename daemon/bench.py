"""`facewire bench`: what each stage costs on this machine, with one CPU thread."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np

from daemon.face import open_face
from daemon.worker import warm_up
from model import stream
from model.runtime import Runtime
from protocols import blendshapes, livelink, osc, vmc, zeromq
from protocols.errors import FacewireError
from protocols.frame import Frame

HOPS: Final = 50
PACKETS: Final = 500


@dataclass(frozen=True)
class Cost:
    """Milliseconds of one thing, over many times."""

    what: str
    median_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Report:
    """What a machine can do with a checkpoint."""

    machine: dict[str, str]
    costs: tuple[Cost, ...]
    """Per hop, or per frame for the protocols."""
    real_time_factor: float
    """Computing time per time of sound; below 1 it runs live."""
    startup_s: float
    """From the start of a fresh process to its first face."""
    peak_memory_mb: float | None
    """Of that process; None where the system does not tell."""


def bench(path: Path | None, encoder: str | None) -> Report:
    """Measure a checkpoint (None: the one that ships). Raises FacewireError if it cannot be loaded."""
    runtime = open_face(path, encoder)
    costs = [*_hop_costs(runtime), *_encode_costs()]
    startup_s, peak_memory_mb = _fresh_process(path, encoder)
    total_ms = next(cost.median_ms for cost in costs if cost.what == "hop, all together")
    return Report(machine(), tuple(costs), total_ms / runtime.config.hop_ms, startup_s, peak_memory_mb)


def machine() -> dict[str, str]:
    """What was measured on."""
    versions = {name: metadata.version(name) for name in ("torch", "transformers", "numpy")}
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "threads used": "1",
        "python": platform.python_version(),
    } | versions


def first_face(path: str, encoder: str) -> None:
    """What the fresh process does: load, compute one hop, tell when and with how much memory."""
    runtime = open_face(Path(path) if path else None, encoder or None)
    state = stream.start(runtime, seeds=[0], identities=[None])
    stream.step(runtime, state, np.zeros((1, 1, state.window.samples), np.float32))
    print(json.dumps({"at_s": time.time(), "peak_memory_mb": _peak_memory_mb()}))


def _hop_costs(runtime: Runtime) -> list[Cost]:
    state = stream.start(runtime, seeds=[0], identities=[None])
    warm_up(runtime, state)
    look_ms, random = state.window.right_ms, np.random.default_rng(0)
    windows = random.normal(0, 0.1, (1, 1, state.window.samples)).astype(np.float32)
    audio = runtime.features(windows, look_ms)
    frames = audio.shape[1]
    noise = random.standard_normal((1, frames, blendshapes.COUNT)).astype(np.float32)
    identity = state.identity[:, None].repeat(frames, 1)
    return [
        _cost("hop, encoder", lambda: runtime.features(windows, look_ms), HOPS),
        _cost("hop, denoiser", lambda: runtime.denoise(noise, audio, identity, look_ms, state.hidden), HOPS),
        _cost("hop, all together", lambda: stream.step(runtime, state, windows), HOPS),
    ]


def _encode_costs() -> list[Cost]:
    weights = np.random.default_rng(0).uniform(0, 1, blendshapes.COUNT).astype(np.float32)
    frame = Frame(0, Fraction(30), time.time_ns(), weights)
    device = livelink.device_id("face")
    encoders: dict[str, Callable[[], object]] = {
        "livelink": lambda: livelink.encode(frame, "face", device),
        "vmc": lambda: vmc.encode(frame, vmc.Options()),
        "osc": lambda: osc.encode(frame, osc.Options()),
        "zmq": lambda: zeromq.encode(frame, zeromq.Options()),
    }
    return [_cost(f"frame, encode {name}", encode, PACKETS) for name, encode in encoders.items()]


def _cost(what: str, job: Callable[[], object], times: int) -> Cost:
    taken_ms = []
    for _ in range(times):
        began_s = time.perf_counter()
        job()
        taken_ms.append((time.perf_counter() - began_s) * 1000)
    return Cost(what, float(np.median(taken_ms)), float(np.percentile(taken_ms, 95)))


def environment() -> dict[str, str]:
    """That of a child process which finds this program, wherever it was started."""
    roots = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, roots))}


def _fresh_process(path: Path | None, encoder: str | None) -> tuple[float, float | None]:
    code = "import sys; from daemon.bench import first_face; first_face(*sys.argv[1:])"
    began_s = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path or ""), encoder or ""],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FacewireError(f"bench: the fresh process failed: {done.stderr.strip().splitlines()[-1]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told["at_s"] - began_s, told["peak_memory_mb"]


def _peak_memory_mb() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _cpu() -> str:
    file = Path("/proc/cpuinfo")
    if file.is_file():
        for line in file.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
