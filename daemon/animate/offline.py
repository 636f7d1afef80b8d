"""Animates a whole recording as the live program would, with the same gain, gate and face, faster than real time."""

from collections.abc import Callable
from fractions import Fraction
from itertools import chain

import numpy as np

from daemon.animate import gate
from daemon.animate.face import performed
from daemon.animate.worker import amplified
from daemon.send.pacing import amplify
from daemon.settings.config import DaemonConfig
from model import stream
from model.animation import Animation
from model.library import Library
from model.runtime import Runtime
from model.stream import RENDER_HOPS
from model.windower import batches
from model.windows import Samples
from protocols.interpolation import at_rate


def perform(
    runtime: Runtime,
    samples: Samples,
    config: DaemonConfig,
    progress: Callable[[int, int], None] = lambda done, total: None,
    library: Library | None = None,
    fps: Fraction | None = None,
    other: Samples | None = None,
) -> Animation:
    """Animate a recording (n,) at 16 kHz; calls `progress` with the hops done and the total.

    `library` holds the available identities (None: the checkpoint's). `fps` are the frames per second (None: the
    model's); other rates are interpolated exactly as for a live receiver. `other` is the sound of whom the face listens
    to, of any length; it starts with the recording. Raises FacewireError if the settings ask for something that the
    checkpoint or the library lacks.
    """
    heard = amplified(samples, config) * (not config.mute)
    spec, own_fps = runtime.config.window(config.lookahead_ms, config.hop_ms), runtime.config.fps
    windows = chain.from_iterable(batches(spec, heard, RENDER_HOPS))
    levels = np.concatenate([np.empty(0, np.float32), *(gate.levels_db(spec, each, own_fps) for each in windows)])
    _, openness = gate.follow(gate.Gate(), levels, config.gate_db, own_fps)
    made = stream.render(
        runtime,
        heard,
        seed=config.seed,
        identity=config.identity,
        lookahead_ms=config.lookahead_ms,
        hop_ms=config.hop_ms,
        liveliness=config.liveliness,
        strength=config.style,
        articulation=config.articulation,
        library=library,
        performed=performed(config),
        openness=openness,
        other=other,
        progress=progress,
    )
    fps = fps or Fraction(own_fps)
    frames = stream.frame_count(len(samples), fps)
    weights, poses = (at_rate(each, Fraction(own_fps), fps)[:frames] for each in (made.weights, made.poses))
    return Animation(amplify(weights, config.gains), poses)
