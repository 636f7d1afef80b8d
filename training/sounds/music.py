"""Music that is free to use, as an example of what is not speech: random pieces played on sampled instruments."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import Progress

from model.audio import read_audio
from model.extras import need
from model.windows import SAMPLE_RATE_HZ
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

if TYPE_CHECKING:
    from mido import MidiFile, MidiTrack

PIECE_S: Final = 60
TICKS: Final = 480
"""Per beat."""
SCALES: Final = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 7, 9))
"""Semitones above the key: major, minor, dorian, pentatonic."""
INSTRUMENTS: Final = 112
"""Programs of General MIDI that are instruments; those after them are noises."""
SUNG: Final = (16, 19, 40, 42, 52, 53, 54, 56, 60, 64, 65, 66, 68, 71, 73, 75, 79, 80, 85, 91)
"""Programs that sustain notes as a voice does, choirs included: the hardest to tell from speech."""
ALONE: Final = 1 / 3
"""Share of pieces with a single instrument; by chance there are a few more."""
RESTS: Final = (0.05, 0.5)
"""Share of a melody that is silent: range."""
DRUMS: Final = 9
"""Channel of the drums."""


def make(soundfont: Path, pieces: int, seed: int, out: Path, bar: Progress) -> None:
    """Compose and play pieces into a folder; existing ones are kept. Raises FacewireError as `play` does."""
    need_tools()
    out.mkdir(parents=True, exist_ok=True)
    task = bar.add_task("playing", total=pieces)
    for piece in range(pieces):
        path = out / f"{seed:03}-{piece:04}.flac"
        if not path.exists():
            play(soundfont, [seed, piece], path)
        bar.advance(task)


def need_tools() -> str:
    """Where the synthesiser is. Raises FacewireError if it, or the package mido, is missing."""
    need("music", "mido")
    program = shutil.which("fluidsynth")
    if program is None:
        raise FacewireError("music is played by fluidsynth: install it (apt, brew, choco: fluidsynth), and try again")
    return program


def play(soundfont: Path, seed: Sequence[int], path: Path) -> None:
    """Compose the piece of this seed and write it as FLAC, mono, 16 kHz. Raises FacewireError for a bad soundfont."""
    program = need_tools()
    if not soundfont.is_file():
        raise FacewireError(f"{soundfont}: no such file; expected a General MIDI soundfont (.sf2)")
    with TemporaryDirectory() as folder:
        midi, wav = Path(folder, "piece.mid"), Path(folder, "piece.wav")
        compose(np.random.default_rng(list(seed))).save(midi)
        command = [program, "-n", "-i", "-q", "-g", "0.4", "-r", str(SAMPLE_RATE_HZ), "-F", str(wav)]
        done = subprocess.run(
            [*command, str(soundfont), str(midi)], capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode or not wav.exists() or "not a SoundFont" in done.stderr:
            raise FacewireError(f"{soundfont}: fluidsynth cannot play it: {done.stderr.strip()[-300:]}")
        samples = read_audio(wav)[: PIECE_S * SAMPLE_RATE_HZ]
    if not samples.any():
        raise FacewireError(f"{soundfont}: the piece is silent; is it a General MIDI soundfont (.sf2)?")
    with complete_or_not_at_all(path) as partial:
        soundfile.write(partial, samples, SAMPLE_RATE_HZ, format="FLAC")


def compose(rng: np.random.Generator) -> "MidiFile":
    """A piece of `PIECE_S`: a key, chords, and one to five parts on random instruments; half of them have drums.

    Every third piece is a solo: its phrases and rests are the most like speech.
    """
    from mido import MetaMessage, MidiFile, MidiTrack, bpm2tempo

    tempo = float(rng.uniform(55, 170))
    beats = int(PIECE_S * tempo / 60)
    scale, key = SCALES[int(rng.integers(len(SCALES)))], int(rng.integers(36, 48))
    roots = rng.integers(len(scale), size=int(rng.integers(2, 6)))  # a chord each four beats, over and over
    tune = MidiTrack([MetaMessage("set_tempo", tempo=bpm2tempo(tempo))])
    file = MidiFile(ticks_per_beat=TICKS, tracks=[tune])
    harmony = _Harmony(scale, key, roots)
    alone = rng.random() < ALONE
    for channel in range(1 if alone else int(rng.integers(1, 6))):
        part = _chords if channel > 0 and rng.random() < 0.5 else _melody
        file.tracks.append(part(channel, beats, harmony, rng))
    if not alone and rng.random() < 0.5:
        file.tracks.append(_drums(beats, rng))
    return file


@dataclass(frozen=True)
class _Harmony:
    """The notes of a key, and which chord sounds when."""

    scale: tuple[int, ...]
    key: int
    """The lowest note."""
    roots: NDArray[np.int64]
    """The steps on which chords stand, each for a bar, over and over."""

    def note(self, step: int) -> int:
        """The MIDI note so many steps of the scale above the key."""
        octave, place = divmod(step, len(self.scale))
        return int(np.clip(self.key + 12 * octave + self.scale[place], 21, 108))

    def root(self, beat: float) -> int:
        """The scale step of the chord on a beat."""
        return int(self.roots[int(beat) // 4 % len(self.roots)])


Events = list[tuple[int, str, dict[str, int]]]
"""Tick, type and values of MIDI messages."""


def _melody(channel: int, beats: int, harmony: _Harmony, rng: np.random.Generator) -> "MidiTrack":
    """A wandering voice of quick or long notes, with rests, swells, bends and vibrato."""
    program = int(rng.choice(SUNG) if rng.random() < 0.6 else rng.integers(INSTRUMENTS))
    events: Events = [(0, "program_change", {"program": program})]
    lengths = rng.choice([0.25, 0.5, 1, 1.5, 2, 4], size=3)
    octaves, legato, loudness = int(rng.integers(4)), rng.uniform(0.3, 1.05), int(rng.integers(60, 120))
    rests = rng.uniform(*RESTS)
    events.append((0, "control_change", {"control": 1, "value": int(rng.integers(0, 90))}))
    beat, step = 0.0, 0
    while beat < beats:
        length = float(rng.choice(lengths))
        if rng.random() > rests:
            step = int(np.clip(step + rng.integers(-3, 4), -4, 9))
            near = harmony.root(beat) if rng.random() < 0.4 else 0
            note = harmony.note(step + near + len(harmony.scale) * octaves)
            begin, end = int(beat * TICKS), int((beat + legato * length) * TICKS)
            events += _note(note, begin, end, int(np.clip(loudness + rng.integers(-20, 21), 20, 127)))
            if length >= 1 and rng.random() < 0.5:
                events += _shaped(begin, end, rng)
        beat += length
    return _track(channel, events)


def _shaped(begin: int, end: int, rng: np.random.Generator) -> Events:
    """A long note swells and fades, and its pitch glides into place."""
    lean = int(rng.integers(-4000, 1000))
    loud = rng.integers(50, 128, size=2)
    places = np.linspace(0, 1, 6)
    ticks = (begin + places * (end - begin)).astype(int)
    swell = loud[0] + (loud[1] - loud[0]) * np.sin(np.pi * places)
    events: Events = []
    for at, value, where in zip(ticks.tolist(), swell.tolist(), places.tolist(), strict=True):
        events.append((at, "control_change", {"control": 11, "value": int(value)}))
        events.append((at, "pitchwheel", {"pitch": int(lean * max(0.0, 1 - 3 * where))}))
    return events


def _chords(channel: int, beats: int, harmony: _Harmony, rng: np.random.Generator) -> "MidiTrack":
    """The chords: held, struck or broken."""
    events: Events = [(0, "program_change", {"program": int(rng.integers(INSTRUMENTS))})]
    every, held, broken = float(rng.choice([0.5, 1, 2, 4])), rng.uniform(0.2, 1), rng.random() < 0.4
    above, loudness = len(harmony.scale) * int(rng.integers(3)), int(rng.integers(40, 100))
    for beat in np.arange(0, beats, every):
        for place, third in enumerate((0, 2, 4)):
            late = place * every / 3 if broken else 0.0
            begin = int((beat + late) * TICKS)
            note = harmony.note(harmony.root(beat) + third + above)
            events += _note(note, begin, begin + max(1, int(every * held * TICKS)), loudness)
    return _track(channel, events)


def _drums(beats: int, rng: np.random.Generator) -> "MidiTrack":
    """One bar of eighths, repeated: which drum sounds when."""
    events: Events = []
    for drum in (36, 38, 42, 46, 49, 56, 70)[: int(rng.integers(2, 8))]:
        bar, loudness = rng.random(8) < rng.uniform(0.1, 0.7), int(rng.integers(50, 120))
        for eighth in range(2 * beats):
            if bar[eighth % 8]:
                events += _note(drum, eighth * TICKS // 2, eighth * TICKS // 2 + TICKS // 4, loudness)
    return _track(DRUMS, events)


def _note(note: int, begin: int, end: int, loudness: int) -> Events:
    return [
        (begin, "note_on", {"note": note, "velocity": loudness}),
        (end, "note_off", {"note": note, "velocity": 0}),
    ]


def _track(channel: int, events: Events) -> "MidiTrack":
    """Messages with delta times; what ends on a tick ends before anything begins there."""
    from mido import Message, MidiTrack

    track, now = MidiTrack(), 0
    for tick, kind, values in sorted(events, key=lambda event: (event[0], event[1] == "note_on")):
        track.append(Message(kind, channel=channel, time=tick - now, **values))
        now = tick
    return track
