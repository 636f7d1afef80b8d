"""The live program, from sound to packets: capture -> worker -> sender, one thread each, two queues between.

When the sound ends or a signal comes, the source stops first, and what is under way is played to its end; the last
frame is neutral.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Any, Final

from daemon.animate.face import begin, open_face
from daemon.animate.identities import Identities, known
from daemon.animate.worker import warm_up, work
from daemon.line import status
from daemon.line.blocks import AudioChunk, Motion
from daemon.line.clock import SYSTEM
from daemon.line.latency import Latency, latency
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.line.stages import Stage, run_stages, stopped_by_signals
from daemon.preview.server import Preview
from daemon.send.pacing import Pacer, Track
from daemon.send.recording import Recorder
from daemon.send.sender import send
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from daemon.sound.capture import Source, open_source
from model.runtime import Runtime
from model.stream import StreamState
from protocols import blendshapes
from protocols.errors import FacewireError
from protocols.sinks import Sink, open_sink, parse

CHUNKS: Final = 100
"""Pieces of sound that may wait for the worker: one second."""
MOTIONS: Final = 20
"""Pieces of motion that may wait for the sender: two seconds."""
LOOK_EVERY_S: Final = 1.0
"""How often the folder of identities is looked at."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """All that is open while the program runs."""

    source: Source
    runtime: Runtime
    identities: Identities
    settings: LiveSettings
    receivers: Sequence[Sink]
    recorder: Recorder
    preview: Preview | None
    delay: Latency

    @property
    def sinks(self) -> list[Sink]:
        """All that get frames: the receivers first."""
        return [*self.receivers, self.recorder, *([self.preview] if self.preview else [])]

    def rate(self, sink: Sink) -> Fraction:
        """Frames per second of a sink."""
        return sink.spec.fps or Fraction(self.runtime.config.fps)

    def delay_now(self) -> Latency:
        """The latency with the lookahead that is set now."""
        window = self.runtime.config.window(self.settings.now.lookahead_ms)
        return replace(self.delay, lookahead_ms=window.right_ms)


def run(config: DaemonConfig, say: Callable[[str], None], file: Path | None = None) -> None:
    """Animate until the sound ends or a signal comes. Raises FacewireError with the cause where that fails.

    `file` is where the settings came from, and where the preview saves them.
    """
    settings = LiveSettings(config, file)
    settings.check = _too_early
    source = open_source(config.input, config.input_rate_hz)
    with ExitStack() as stack:
        receivers = [stack.enter_context(closing(open_sink(parse(url)))) for url in config.sinks]
        preview = open_preview(settings)
        if preview:
            stack.enter_context(closing(preview))
            settings.say = preview.say
        recorder = stack.enter_context(closing(Recorder(settings)))
        runtime = open_face(config.checkpoint, config.encoder, config.runtime)
        identities = Identities(runtime, config.identities)
        settings.library = identities.library
        state = begin(runtime, config, identities.library)
        settings.check = lambda changed: begin(runtime, changed, identities.library)
        rates = [sink.spec.fps or Fraction(runtime.config.fps) for sink in receivers]
        delay = latency(source.latency_ms, state.window, warm_up(runtime, state), runtime.config.fps, rates)
        line = Line(source, runtime, identities, settings, receivers, recorder, preview, delay)
        say(introduction(line))
        if preview:
            preview.introduce(facts(line))
        play(line, state)
        if preview:
            preview.introduce({"phase": "ended"})


def _too_early(changed: DaemonConfig) -> None:
    raise FacewireError("the face is still loading; try again in a moment")


def open_preview(settings: LiveSettings) -> Preview | None:
    """The page in the browser; None where it is not wanted, or, with a warning, where it cannot be."""
    if not settings.now.preview:
        return None
    try:
        return Preview(settings)
    except FacewireError as error:
        log.warning("NO PREVIEW: %s", error)
        return None


def play(line: Line, state: StreamState) -> None:
    """Run the three stages until the sound ends or a signal comes."""
    chunks, motions = DropOldestQueue[AudioChunk](CHUNKS), DropOldestQueue[Motion](MOTIONS)
    runtime, settings, metrics, stop = line.runtime, line.settings, Metrics(), Event()
    epoch_ns = time.time_ns() - SYSTEM.now_ns() - round(line.source.latency_ms * 1e6)
    # The lookahead may change: it comes with the motion.
    wait_ms = line.delay.after_arrival_ms - line.delay.lookahead_ms

    def pacer_at(anchor_ns: int) -> Pacer:
        tracks = [Track(line.rate(sink), (wait_ms + sink.spec.delay_ms) * 1_000_000) for sink in line.sinks]
        return Pacer(runtime.config.fps, tracks, anchor_ns, epoch_ns, metrics)

    hear = line.recorder.hear
    stages = [
        Stage("capture", lambda: line.source.run(chunks, stop), chunks.close),
        Stage("worker", lambda: work(runtime, state, chunks, motions, settings, metrics, hear), motions.close),
        Stage("sender", lambda: send(motions, pacer_at, line.sinks, settings, SYSTEM), stop.set),
    ]
    with stopped_by_signals(stop), status.shown() as show:
        speeds = [status.Speed() for _ in line.receivers]
        looked_s = time.monotonic()

        def watch() -> None:
            nonlocal looked_s
            if time.monotonic() - looked_s >= LOOK_EVERY_S:
                follow_identities(line)
                looked_s = time.monotonic()
            measured = [speed.measure(metrics.sent[number]) for number, speed in enumerate(speeds)]
            show(status.line(metrics, measured[0], chunks.dropped + motions.dropped))
            if line.preview:
                named = [(str(sink.spec), speed) for sink, speed in zip(line.receivers, measured, strict=True)]
                dropped = {"sound": chunks.dropped, "motion": motions.dropped}
                seconds = line.recorder.seconds
                line.preview.tell(
                    status.report(metrics, settings, line.delay_now(), named, line.source.latency_ms)
                    | {"dropped": dropped, "recording": None if seconds is None else {"seconds": seconds}}
                )

        run_stages(stages, stop, watch)


def follow_identities(line: Line) -> None:
    """Put in force what has changed in the folder of identities; whoever has gone from it is unknown from now on."""
    settings = line.settings
    if line.identities.look():
        settings.library = line.identities.library
        if line.preview:
            line.preview.introduce({"identities": line.identities.library.names})
    name = settings.now.identity
    if not known(name, line.identities.library):
        settings.change({"identity": None})
        told = f"identity {name} is there no more: the mean of all from now on"
        log.warning("%s", told)
        if line.preview:
            line.preview.say(told)


def facts(line: Line) -> dict[str, Any]:
    """What the preview page is told once: what runs, and what can be chosen."""
    config = line.runtime.config
    return {
        "phase": "live",
        "fps": config.fps,
        "input": line.source.name,
        "identities": line.identities.library.names,
        "floor": config.voice.floor if config.voice else None,
        "lookaheads_ms": config.lookaheads_ms,
        "lookahead_ms": config.window(None).right_ms,
        "regions": {name: [blendshapes.NAMES[i] for i in shapes] for name, shapes in blendshapes.REGIONS.items()},
    }


def introduction(line: Line) -> str:
    """What the program is about to do, for the person at the screen."""
    config, source = line.settings.now, line.source
    face = config.checkpoint or "the one that ships"
    encoder = line.runtime.config.encoder.source
    file = line.settings.file
    enrolled = line.identities.folder.enrolled
    lines = [
        f"settings  {file if file.is_file() else 'the defaults'}, and the command line",
        f"input     {source.name} ({source.rate_hz} Hz)",
        f"face      {face}; by {line.runtime.name}; encoder: {encoder}; identity: {config.identity or 'mean of all'}",
        *([f"enrolled  {', '.join(enrolled)} (in {line.identities.folder.path})"] if enrolled else []),
        *(
            f"sends to  {sink.spec}, {float(line.rate(sink)):g} frames per second"
            + (f", {sink.spec.delay_ms} ms later" if sink.spec.delay_ms else "")
            for sink in line.receivers
        ),
        *([f"see it    {line.preview.url}"] if line.preview else []),
        f"latency   {line.delay}",
        f"          set {line.delay.total_ms} ms as audio delay in OBS (Advanced Audio Properties, Sync Offset),"
        " then voice and face match",
        "READY     Ctrl-C stops",
    ]
    return "\n".join(lines)
