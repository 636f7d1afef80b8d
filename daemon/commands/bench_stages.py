"""What each stage costs on this machine, with one CPU thread."""

import json
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np

from daemon.animate.face import open_face
from daemon.animate.worker import warm_up
from daemon.commands.untrained import untrained
from daemon.settings.config import RuntimeChoice
from model import stream
from model.runtime import Runtime
from model.windower import Windower, windows_of
from protocols import blendshapes, livelink, osc, vmc, zeromq
from protocols.errors import FacewireError
from protocols.frame import Frame

HOPS: Final = 50
PACKETS: Final = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cost:
    """Milliseconds that one thing takes, over many runs."""

    what: str
    median_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Report:
    """What a checkpoint costs on a machine."""

    machine: dict[str, str]
    runtime: str
    """The chosen runtime, which the last three figures are of."""
    costs: tuple[Cost, ...]
    """Per hop, or per frame for the protocols."""
    real_time_factor: float
    """Computing time per second of sound; below 1 it runs live."""
    startup_s: float
    """From the start of a fresh process to its first face."""
    peak_memory_mb: float | None
    """Of that process; None if the system does not report it."""


def measure(path: Path | None, encoder: str | None, runtime: RuntimeChoice = RuntimeChoice.AUTO) -> Report:
    """Measure a checkpoint (None: the one that ships) with every runtime, and a fresh process with the chosen one.

    Raises FacewireError if the checkpoint cannot be loaded.
    """
    chosen = open_face(path, encoder, runtime)
    costs = {each.name: _hop_costs(each) for each in _runtimes(path, encoder)}
    startup_s, peak_memory_mb = _fresh_process(path, encoder, chosen.name)
    every = (*chain.from_iterable(costs.values()), *_encode_costs())
    real_time_factor = costs[chosen.name][-1].median_ms / chosen.config.hop_ms
    return Report(machine(), chosen.name, every, real_time_factor, startup_s, peak_memory_mb)


def bench_untrained(encoder: str | None, runtime: RuntimeChoice = RuntimeChoice.AUTO) -> Report:
    """Measure a random face on any encoder, or on a random one of hubert-base's size (`untrained`)."""
    with untrained(encoder) as path:
        return measure(path, None, runtime)


def machine() -> dict[str, str]:
    """The machine that was measured on."""
    packages = ("onnxruntime", "torch", "transformers", "numpy")
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "threads used": "1",
        "python": platform.python_version(),
    } | {name: metadata.version(name) for name in packages if find_spec(name)}


def first_face(path: str, encoder: str, runtime: str) -> None:
    """What the fresh process does: load, compute one hop, print when that was and how much memory it took."""
    face = open_face(Path(path) if path else None, encoder or None, RuntimeChoice(runtime))
    state = stream.start(face, seeds=[0], identities=[None])
    silence = windows_of(state.window, np.zeros(state.window.hop_samples, np.float32))
    stream.step(face, state, silence[None])
    print(json.dumps({"at_s": time.time(), "peak_memory_mb": _peak_memory_mb()}))


def _runtimes(path: Path | None, encoder: str | None) -> Iterator[Runtime]:
    """Every runtime that works here, one after another: two at once would compete for the caches."""
    for choice in (RuntimeChoice.ONNX, RuntimeChoice.ONNX_INT8, RuntimeChoice.TORCH):
        try:
            yield open_face(path, encoder, choice)
        except FacewireError as error:
            log.warning("%s is not measured, because %s", choice.value, error)


def _hop_costs(runtime: Runtime) -> list[Cost]:
    """Of each hop of the dial, the checkpoint's own at the end."""
    config = runtime.config
    hops_ms = sorted(config.hops_ms, key=lambda hop_ms: (hop_ms == config.hop_ms, hop_ms))
    return [cost for hop_ms in hops_ms for cost in _costs_of(runtime, hop_ms)]


def _costs_of(runtime: Runtime, hop_ms: int) -> list[Cost]:
    state = stream.start(runtime, seeds=[0], identities=[None], hop_ms=hop_ms)
    warm_up(runtime, state)
    look_ms, random = state.window.right_ms, np.random.default_rng(0)
    sound = random.normal(0, 0.1, state.window.hop_samples).astype(np.float32)
    windower, windows = Windower.at(state.window), windows_of(state.window, sound)[None]
    audio, _ = runtime.features(windows.sound, state.window)
    frames = audio.shape[1]
    noise = random.standard_normal((1, frames, blendshapes.COUNT)).astype(np.float32)
    identity = state.style[:, None, : audio.shape[-1]].repeat(frames, 1)
    jobs: dict[str, Callable[[], object]] = {
        "cleaning and level": lambda: windower.push(sound),
        "encoder": lambda: runtime.features(windows.sound, state.window),
        "denoiser": lambda: runtime.denoise(noise, audio, identity, look_ms, state.hidden),
        "all together": lambda: stream.step(runtime, state, windows),
    }
    hop = "hop" if hop_ms == runtime.config.hop_ms else f"hop of {hop_ms} ms"
    return [_cost(f"{runtime.name}: {hop}, {what}", job, HOPS) for what, job in jobs.items()]


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
    """The environment of a child process that has to import this program, wherever that was started."""
    roots = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, roots))}


def _fresh_process(path: Path | None, encoder: str | None, runtime: str) -> tuple[float, float | None]:
    code = "import sys; from daemon.commands.bench_stages import first_face; first_face(*sys.argv[1:])"
    began_s = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path or ""), encoder or "", runtime],
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
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage counts what the parent held when it started this process
        return next(
            int(line.split()[1]) / 2**10 for line in status.read_text(encoding="utf-8").splitlines() if "VmHWM" in line
        )
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _cpu() -> str:
    file = Path("/proc/cpuinfo")
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
