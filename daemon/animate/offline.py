"""Animates a whole recording as the live program would, with the same gain, gate and face, faster than real time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from daemon.animate import gate
from daemon.animate.worker import amplified
from daemon.send.pacing import amplify
from daemon.settings.config import DaemonConfig
from model import stream
from model.library import Library
from model.runtime import Runtime
from model.windows import Samples, windows_of


def perform(
    runtime: Runtime,
    samples: Samples,
    config: DaemonConfig,
    progress: Callable[[int, int], None] = lambda done, total: None,
    library: Library | None = None,
) -> NDArray[np.float32]:
    """Animate a recording (n,) at 16 kHz as (frames, 52); calls `progress` with the hops done and the total.

    `library` holds the available identities (None: the checkpoint's). Raises FacewireError if the settings ask for
    something that the checkpoint or the library lacks.
    """
    heard = amplified(samples, config) * (not config.mute)
    faces = stream.render(
        runtime,
        heard,
        seed=config.seed,
        identity=config.identity,
        lookahead_ms=config.lookahead_ms,
        liveliness=config.liveliness,
        strength=config.style,
        library=library,
        progress=progress,
    )
    spec, fps = runtime.config.window(config.lookahead_ms), runtime.config.fps
    levels = [gate.levels_db(spec, window, fps) for window in windows_of(spec, heard)]
    _, openness = gate.follow(gate.Gate(), np.concatenate([*levels, np.empty(0, np.float32)]), config.gate_db)
    return amplify(gate.rest(faces, openness[: len(faces)]), config.gains)
