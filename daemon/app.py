"""The live program, from sound to packets: capture -> worker -> sender, a thread each, with two queues between them.

When the sound ends or a signal comes, the source stops first. What is under way is played to its end, and the face
eases to neutral.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from threading import Event
from typing import Any, Final

from daemon.animate.face import begin, open_session
from daemon.animate.identities import Identities, known
from daemon.animate.other import Other, following
from daemon.animate.worker import NOBODY, warm_up, work
from daemon.line import status, timing
from daemon.line.blocks import AudioChunk, Motion
from daemon.line.clock import SYSTEM
from daemon.line.latency import Latency, interpolation_ms
from daemon.line.metrics import Metrics
from daemon.line.queues import DropOldestQueue
from daemon.line.stages import Stage, run_stages, stopped_by_signals
from daemon.line.timing import Timing
from daemon.preview.server import Preview
from daemon.send.claims import claimed
from daemon.send.pacing import Pacer, Track
from daemon.send.recording import Recorder
from daemon.send.sender import send
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from daemon.sound.capture import Source, listen, open_other, open_source
from daemon.sound.files import SoundFile
from model.runtime import Runtime
from model.stream_state import StreamState
from protocols import blendshapes
from protocols.errors import FacewireError
from protocols.sinks import Sink, open_sink, parse

CHUNKS: Final = 100
"""Chunks of sound that may wait for the worker: one second."""
MOTIONS: Final = 20
"""Pieces of motion that may wait for the sender: two seconds."""
LOOK_EVERY_S: Final = 1.0
"""How often the folder of identities is checked for changes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """Everything that is open while the program runs."""

    source: Source
    other: Source | None
    """Whom the face listens to."""
    runtime: Runtime
    identities: Identities
    settings: LiveSettings
    receivers: Sequence[Sink]
    recorder: Recorder
    preview: Preview | None
    timing: Timing
    """The latency at the start."""

    @property
    def sinks(self) -> list[Sink]:
        """Everything that gets frames, the receivers first."""
        return [*self.receivers, self.recorder, *([self.preview] if self.preview else [])]

    def rate(self, sink: Sink) -> Fraction:
        """Frames per second of a sink."""
        return sink.spec.fps or Fraction(self.runtime.config.fps)

    def later_ms(self, sink: Sink) -> int:
        """What a sink needs in addition to the stated latency: for interpolation, and as its URL says."""
        return interpolation_ms(self.runtime.config.fps, self.rate(sink)) + sink.spec.delay_ms


def run(config: DaemonConfig, say: Callable[[str], None], file: Path | None = None) -> None:
    """Animate until the sound ends or a signal comes. Raises FacewireError with the cause where that fails.

    `say` gets what the person at the screen should read. `file` is where the settings came from, and where the preview
    saves them.
    """
    settings = LiveSettings(config, file)
    settings.check = _too_early
    source = open_source(config.input, config.input_rate_hz)
    other = open_other(config.listen_to, source) if config.listen_to else None
    specs = [parse(url, config.name) for url in config.sinks]
    with ExitStack() as stack:
        stack.enter_context(claimed(specs, config.name))
        receivers = [stack.enter_context(closing(open_sink(spec))) for spec in specs]
        preview = open_preview(settings)
        if preview:
            stack.enter_context(closing(preview))
            settings.say = preview.say
        recorder = stack.enter_context(closing(Recorder(settings)))
        runtime, identities, state = open_session(config)
        settings.library = identities.library
        compute_ms = warm_up(runtime, state)
        start = timing.begin(config.latency_ms, source.latency_ms, state.window, compute_ms, runtime.config.fps)
        line = Line(source, other, runtime, identities, settings, receivers, recorder, preview, start)
        settings.check = lambda changed: start.check(begin(runtime, changed, identities.library).window)
        say(introduction(line))
        if preview:
            preview.introduce(facts(line))
        play(line, state, say)
        if preview:
            preview.introduce({"phase": "ended"})


def _too_early(changed: DaemonConfig) -> None:
    raise FacewireError("the face is still loading; try again in a moment")


def open_preview(settings: LiveSettings) -> Preview | None:
    """The page in the browser; None where it is not wanted or, with a warning, cannot be served."""
    if not settings.now.preview:
        return None
    try:
        return Preview(settings)
    except FacewireError as error:
        log.warning("NO PREVIEW: %s", error)
        return None


def play(line: Line, state: StreamState, say: Callable[[str], None]) -> None:
    """Run the three stages until the sound ends or a signal comes."""
    chunks, motions = DropOldestQueue[AudioChunk](CHUNKS), DropOldestQueue[Motion](MOTIONS)
    runtime, settings, metrics, stop = line.runtime, line.settings, Metrics(), Event()
    epoch_ns = time.time_ns() - SYSTEM.now_ns() - round(line.source.latency_ms * 1e6)
    delay_ns = line.timing.stated.after_arrival_ms * 1_000_000

    def pacer_at(anchor_ns: int) -> Pacer:
        tracks = [Track(line.rate(sink), line.later_ms(sink) * 1_000_000) for sink in line.sinks]
        return Pacer(runtime.config.fps, tracks, anchor_ns, epoch_ns, delay_ns, metrics)

    hear = line.recorder.hear
    others, listening = open_ear(line.other, runtime.config.window().highpass_hz, stop)
    stages = [
        *listening,
        Stage("capture", lambda: line.source.run(chunks, stop), chunks.close),
        Stage("worker", lambda: work(runtime, state, chunks, motions, settings, metrics, hear, others), motions.close),
        Stage("sender", lambda: send(motions, pacer_at, line.timing, line.sinks, settings, metrics, SYSTEM), stop.set),
    ]
    with stopped_by_signals(stop), status.shown() as show:
        watch = Watch(line, metrics, say)

        def look() -> None:
            dropped = {"sound": chunks.dropped, "motion": motions.dropped}
            show(watch.look(dropped))

        run_stages(stages, stop, look)


def open_ear(other: Source | None, highpass_hz: float, stop: Event) -> tuple[Iterable[Other | None], list[Stage]]:
    """What the worker hears of whom the face listens to, and the stage that delivers it: a file is there as a whole."""
    if other is None:
        return NOBODY, []
    if isinstance(other, SoundFile):
        return repeat(Other.of(other.samples, highpass_hz)), []
    chunks = DropOldestQueue[AudioChunk](CHUNKS)
    return following(chunks, highpass_hz), [Stage("listening", lambda: listen(other, chunks, stop), chunks.close)]


class Watch:
    """Follows the running program, and reports on the screen and on the page."""

    def __init__(self, line: Line, metrics: Metrics, say: Callable[[str], None]) -> None:
        self._line, self._metrics, self._say = line, metrics, say
        self._speeds = [status.Speed() for _ in line.receivers]
        self._looked_s = time.monotonic()
        self._statements = line.timing.statements

    def look(self, dropped: Mapping[str, int]) -> str:
        """Look once, and return the status line; `dropped` counts the `sound` and `motion` dropped by full queues."""
        line, metrics = self._line, self._metrics
        if time.monotonic() - self._looked_s >= LOOK_EVERY_S:
            follow_identities(line)
            self._looked_s = time.monotonic()
        now = metrics.timing or line.timing
        if now.statements != self._statements:
            self._tell(now)
        speeds = [speed.measure(metrics.sent[number]) for number, speed in enumerate(self._speeds)]
        if line.preview:
            receivers = [
                status.Receiver(str(sink.spec), speed, line.later_ms(sink))
                for sink, speed in zip(line.receivers, speeds, strict=True)
            ]
            device_ms, recorded_s = line.source.latency_ms, line.recorder.seconds
            line.preview.tell(status.report(metrics, line.settings, now, receivers, device_ms, dropped, recorded_s))
        return status.line(metrics, speeds[0], sum(dropped.values()))

    def _tell(self, now: Timing) -> None:
        """Tell the latency that has just been stated; loudly if late frames are the reason."""
        again, self._statements = self._statements > 0, now.statements
        if now.wanted_ms:
            told = f"latency_ms: {now.wanted_ms} is too little: frames keep coming late; {now.needed_ms} would do"
        elif now.late:
            told = f"THE LATENCY IS {now.stated.total_ms} ms FROM NOW ON, because frames kept coming late: "
            told += "set the audio delay in OBS anew"
        else:
            told = f"the latency is {now.stated.total_ms} ms"
        if now.late:
            log.warning("%s", told)
        if not now.wanted_ms:
            self._say(latency_lines(now.stated))
        if again and self._line.preview:
            self._line.preview.say(told)


def follow_identities(line: Line) -> None:
    """Put changes in the folder of identities in force. An identity that has gone from it is unknown from now on."""
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
    """What the preview page is told once: what is running, and what can be chosen."""
    config = line.runtime.config
    return {
        "phase": "live",
        "input": line.source.name,
        "identities": line.identities.library.names,
        "floor": config.voice.floor if config.voice else None,
        "lookaheads_ms": config.lookaheads_ms,
        "lookahead_ms": config.lookahead_ms,
        "hops_ms": config.hops_ms,
        "hop_ms": config.hop_ms,
        "regions": {name: [blendshapes.NAMES[i] for i in shapes] for name, shapes in blendshapes.REGIONS.items()},
    }


def introduction(line: Line) -> str:
    """What the program is about to do, for the person at the screen to read."""
    config, source, receivers = line.settings.now, line.source, line.receivers
    face = config.checkpoint or "the one that ships"
    encoder = line.runtime.config.encoder.source
    file = line.settings.file
    enrolled = line.identities.folder.enrolled
    lines = [
        f"settings  {file if file.is_file() else 'the defaults'}, and the command line",
        f"input     {source.name} ({source.rate_hz} Hz)",
        *([f"listens   to {line.other.name} ({line.other.rate_hz} Hz)"] if line.other else []),
        f"face      {face}; by {line.runtime.name}; encoder: {encoder}; identity: {config.identity or 'mean of all'}",
        *([f"enrolled  {', '.join(enrolled)} (in {line.identities.folder.path})"] if enrolled else []),
        *(
            f"sends to  {sink.spec}, {float(line.rate(sink)):g} frames per second{_later(line, sink)}"
            for sink in receivers
        ),
        *([f"see it    {line.preview.url}"] if line.preview else []),
        latency_lines(line.timing.stated)
        if line.timing.statements
        else f"latency   measured over the first {timing.MEASURE_S} seconds of sound, then told here",
        "READY     Ctrl-C stops",
    ]
    return "\n".join(lines)


def latency_lines(stated: Latency) -> str:
    """The stated latency, and what it is for."""
    return (
        f"latency   {stated}\n"
        f"          set {stated.total_ms} ms as audio delay in OBS (Advanced Audio Properties, Sync Offset),"
        " then voice and face match"
    )


def _later(line: Line, sink: Sink) -> str:
    """What a sink needs in addition to the stated latency, and why."""
    parts = {"interpolation": line.later_ms(sink) - sink.spec.delay_ms, "delay_ms": sink.spec.delay_ms}
    reasons = " + ".join(f"{name} {ms}" for name, ms in parts.items() if ms)
    return f", {line.later_ms(sink)} ms later than the stated latency ({reasons})" if reasons else ""
