"""The live program, from sound to packets: capture -> worker -> sender, one thread each, two queues between.

When the sound ends or a signal comes, the source stops first, and what is under way is played to its end; the last
frame is neutral.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from fractions import Fraction
from threading import Event
from typing import Final

from daemon import status
from daemon.blocks import AudioChunk, Motion
from daemon.capture import Source, open_source
from daemon.clock import SYSTEM
from daemon.config import DaemonConfig
from daemon.face import open_face
from daemon.latency import Latency, latency
from daemon.metrics import Metrics
from daemon.pacing import Pacer, Track
from daemon.queues import DropOldestQueue
from daemon.sender import send
from daemon.stages import Stage, run_stages, stopped_by_signals
from daemon.worker import warm_up, work
from model import stream
from model.face import FaceModel
from model.stream import StreamState
from protocols.sinks import Sink, open_sink, parse

CHUNKS: Final = 100
"""Pieces of sound that may wait for the worker: one second."""
MOTIONS: Final = 20
"""Pieces of motion that may wait for the sender: two seconds."""


def run(config: DaemonConfig, say: Callable[[str], None]) -> None:
    """Animate until the sound ends or a signal comes. Raises FacewireError with the cause where that fails."""
    source = open_source(config.input, config.input_rate_hz)
    with ExitStack() as stack:
        receivers = [stack.enter_context(closing(open_sink(parse(url)))) for url in config.sinks]
        model = open_face(config.checkpoint, config.encoder)
        state = stream.start(
            model,
            seeds=[config.seed],
            identities=[config.identity],
            lookahead_ms=config.lookahead_ms,
            liveliness=config.liveliness,
        )
        rates = [sink.spec.fps or Fraction(model.config.fps) for sink in receivers]
        delay = latency(source.latency_ms, state.window, warm_up(model, state), model.config.fps, rates)
        say(introduction(config, source, model, receivers, rates, delay))
        play(source, model, state, receivers, rates, delay)


def play(
    source: Source,
    model: FaceModel,
    state: StreamState,
    receivers: Sequence[Sink],
    rates: Sequence[Fraction],
    delay: Latency,
) -> None:
    """Run the three stages until the sound ends or a signal comes."""
    chunks, motions = DropOldestQueue[AudioChunk](CHUNKS), DropOldestQueue[Motion](MOTIONS)
    metrics, stop = Metrics(), Event()
    epoch_ns = time.time_ns() - SYSTEM.now_ns() - round(source.latency_ms * 1e6)

    def pacer_at(anchor_ns: int) -> Pacer:
        tracks = [
            Track(rate, (delay.after_arrival_ms + sink.spec.delay_ms) * 1_000_000)
            for rate, sink in zip(rates, receivers, strict=True)
        ]
        return Pacer(model.config.fps, tracks, anchor_ns, epoch_ns, metrics)

    stages = [
        Stage("capture", lambda: source.run(chunks, stop), chunks.close),
        Stage("worker", lambda: work(model, state, chunks, motions, metrics), motions.close),
        Stage("sender", lambda: send(motions, pacer_at, receivers, SYSTEM), stop.set),
    ]
    with stopped_by_signals(stop), status.shown() as show:
        speed = status.Speed(len(receivers))

        def watch() -> None:
            show(status.line(metrics, speed.measure(metrics.packets), chunks.dropped + motions.dropped))

        run_stages(stages, stop, watch)


def introduction(
    config: DaemonConfig,
    source: Source,
    model: FaceModel,
    receivers: Sequence[Sink],
    rates: Sequence[Fraction],
    delay: Latency,
) -> str:
    """What the program is about to do, for the person at the screen."""
    face = config.checkpoint or "the one that ships"
    encoder = model.config.encoder.source
    lines = [
        f"input     {source.name} ({source.rate_hz} Hz)",
        f"face      {face}; encoder: {encoder}; identity: {config.identity or 'mean of all'}",
        *(
            f"sends to  {sink.spec}, {float(rate):g} frames per second"
            + (f", {sink.spec.delay_ms} ms later" if sink.spec.delay_ms else "")
            for sink, rate in zip(receivers, rates, strict=True)
        ),
        f"latency   {delay}",
        f"          set {delay.total_ms} ms as audio delay in OBS (Advanced Audio Properties, Sync Offset),"
        " then voice and face match",
        "READY     Ctrl-C stops",
    ]
    return "\n".join(lines)
