"""The synthesiser Kokoro-82M, by onnxruntime: sound, and how long each letter of its text lasts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr

from model.onnx_session import onnxruntime
from model.windows import SAMPLE_RATE_HZ, Floats, Samples
from protocols.errors import FacewireError

RATE_HZ: Final = 24_000
DURATIONS: Final = "/encoder/Clip_output_0"
"""Where its graph has the durations, if it has no output for them."""
PEAK: Final = 0.7
STYLE: Final = 256
"""Numbers in a voice, for each length of text."""
FEWEST: Final = 20
"""Letters of the shortest text: of fewer, Kokoro swallows some."""


@dataclass(frozen=True, eq=False)
class Kokoro:
    """The model, and its letters."""

    session: Any
    alphabet: dict[str, int]

    def speak(self, letters: str, voice: Floats, speed: float) -> tuple[Samples, list[int]]:
        """The sound (n,) at 16 kHz and the durations of all letters, and of a blank on each side, of a text.

        A unit is 25 ms (`training.talkers.times`). `voice` is (lengths, 256); `letters` are all in the alphabet.
        Raises FacewireError for a model that cannot speak.
        """
        tokens = np.array([[0, *(self.alphabet[letter] for letter in letters), 0]], np.int64)
        style = voice[min(len(letters), len(voice) - 1)][None].astype(np.float32)
        given = {"tokens": tokens, "style": style, "speed": np.array([speed], np.float32)}
        try:
            sound, durations = self.session.run([self.session.get_outputs()[0].name, DURATIONS], given)
        except Exception as error:  # onnxruntime's errors share no base class
            raise FacewireError(f"Kokoro cannot speak; is it the right model? {error}") from error
        if not sound.size or not np.isfinite(sound).all():
            raise FacewireError("Kokoro made no sound; is it the right model?")
        heard = soxr.resample(sound.reshape(-1), RATE_HZ, SAMPLE_RATE_HZ)
        heard *= PEAK / max(1e-3, float(np.abs(heard).max()))
        return heard.astype(np.float32), np.rint(durations).astype(int).reshape(-1).tolist()


def open_kokoro(model: Path, vocabulary: Path) -> Kokoro:
    """The model and its vocabulary, JSON with `vocab`. Raises FacewireError for other files."""
    try:
        alphabet = {
            str(letter): int(token) for letter, token in json.loads(vocabulary.read_text("utf-8"))["vocab"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FacewireError(f"{vocabulary}: not Kokoro's vocabulary: {error!r}") from None
    try:
        return Kokoro(_session(with_durations(model)), alphabet)
    except FacewireError:
        raise
    except Exception as error:  # onnxruntime's errors share no base class
        raise FacewireError(f"{model}: onnxruntime cannot open it: {error}") from error


def with_durations(model: Path) -> bytes:
    """The model with an output for its durations. Raises FacewireError for another model."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        found = onnx.load(model)
    except (OSError, DecodeError) as error:
        raise FacewireError(f"{model}: not an ONNX model: {error}") from None
    if {each.name for each in found.graph.input} != {"tokens", "style", "speed"} or not any(
        DURATIONS in node.output for node in found.graph.node
    ):
        raise FacewireError(f"{model}: not Kokoro-82M as ONNX: inputs tokens, style and speed, and {DURATIONS} inside")
    if all(each.name != DURATIONS for each in found.graph.output):
        found.graph.output.append(onnx.ValueInfoProto(name=DURATIONS))
    return bytes(found.SerializeToString())


def _session(model: bytes) -> Any:
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def voices_in(folder: Path, left_out: tuple[str, ...] = ()) -> dict[str, Path]:
    """The voices in a folder, by name, without some. Raises FacewireError if one of those is not there, or no other."""
    found = {path.stem: path for path in sorted(folder.glob("*.bin"))}
    if unknown := [name for name in left_out if name not in found]:
        raise FacewireError(
            f"--leave-out {unknown[0]}: no such voice in {folder} ({', '.join(found) or 'no .bin at all'})"
        )
    kept = {name: path for name, path in found.items() if name not in left_out}
    if not kept:
        raise FacewireError(f"{folder}: no voices (.bin) there, or all of them are left out")
    return kept


def read_voice(path: Path) -> Floats:
    """A voice (lengths, 256). Raises FacewireError for another file."""
    try:
        voice = np.fromfile(path, np.float32).reshape(-1, STYLE)
    except (OSError, ValueError) as error:
        raise FacewireError(f"{path}: not a voice of Kokoro, rows of {STYLE} float32: {error}") from None
    if not len(voice):
        raise FacewireError(f"{path}: not a voice of Kokoro, rows of {STYLE} float32: it is empty")
    return voice
