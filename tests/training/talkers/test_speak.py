"""Speech without a synthesiser and without espeak-ng: both are faked where the program ends."""

import json
import os
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from rich.progress import Progress

from model.audio import read_audio
from protocols.errors import FacewireError
from training.interrupt import StoppedError
from training.phones import spoken
from training.talkers import kokoro, phonemes
from training.talkers.kokoro import DURATIONS, FEWEST, PEAK, Kokoro
from training.talkers.speak import Line, Script, line, say

ALPHABET = {letter: number for number, letter in enumerate("$ .,!?abdefhijklmnoprstuvwzæəɪʧʤAˈː", 1)}
TEXTS = {
    "en-us": ["banana bread for my dear friends", "a lovely evening in the old town"],
    "es": ["una buena tarde, amigos míos"],
}


class Session:
    """Kokoro's graph: every letter lasts four units, and the sound is a tone that is quiet in blanks."""

    def __init__(self) -> None:
        self.speeds: list[float] = []
        self.styles: list[np.ndarray] = []
        self.spoken = 0

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name="audio"), SimpleNamespace(name=DURATIONS)]

    def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert names == ["audio", DURATIONS]
        tokens = given["tokens"]
        assert tokens.shape[0] == 1
        assert tokens[0, 0] == tokens[0, -1] == 0
        self.speeds.append(float(given["speed"][0]))
        self.styles.append(given["style"])
        self.spoken += 1
        sound = np.sin(np.arange(600 * 4 * tokens.shape[1]) * 0.1).astype(np.float32) * 0.2
        return [sound, np.full((1, tokens.shape[1]), 4.2, np.float32)]


@pytest.fixture
def espeak(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """espeak-ng that says every letter as it is written."""
    asked: list[str] = []

    def run(command: list[str], *, input: str, **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command[command.index("-v") + 1])
        if asked[-1] == "tlh":
            return subprocess.CompletedProcess(command, 1, "", "no such voice")
        return subprocess.CompletedProcess(command, 0, f" {input.strip()}\n", "")

    monkeypatch.setattr(phonemes.shutil, "which", lambda _: "/bin/espeak-ng")
    monkeypatch.setattr(phonemes.subprocess, "run", run)
    return asked


@pytest.fixture
def script(tmp_path: Path) -> Script:
    voices = tmp_path / "voices"
    voices.mkdir()
    for number, name in enumerate(("af_one", "bm_two", "ef_three")):
        np.full((40, 256), number + 1, np.float32).tofile(voices / f"{name}.bin")
    (tmp_path / "model.onnx").write_bytes(b"a model")
    return Script(kokoro.voices_in(voices), TEXTS, 5)


def speech(script: Script, folder: Path, count: int, session: Session | None = None) -> Path:
    with Progress(disable=True) as bar:
        say(script, Kokoro(session or Session(), ALPHABET), folder / "model.onnx", count, folder / "out", bar)
    return folder / "out"


def test_every_recording_lies_beside_its_phones(script: Script, espeak: list[str], tmp_path: Path) -> None:
    sounds = spoken.recordings(speech(script, tmp_path, 6))
    assert [path.name for path in sounds] == [f"{number:05}.flac" for number in range(6)]
    for sound, said in spoken.sound_and_phones(sounds):
        assert said.text in TEXTS[said.language]
        assert set(said.voice.split("+")) <= set(script.voices)
        assert len(sound) == 400 * 4 * (round(len(sound) / 1600))
        assert np.abs(sound).max() == pytest.approx(PEAK, abs=1e-3)
        assert {"a", "d"} & {each.phone for each in said.phones}
        assert said.phones[-1].end <= len(sound)
    assert set(espeak) == {"en-us", "es"}


def test_mixtures_of_voices_at_many_speeds(script: Script, espeak: list[str], tmp_path: Path) -> None:
    session = Session()
    out = speech(script, tmp_path, 24, session)
    voices = [spoken.read(path).voice for path in spoken.recordings(out)]
    assert 3 < sum("+" in voice for voice in voices) < 18
    assert all(0.75 <= speed <= 1.4 for speed in session.speeds)
    for voice, style in zip(voices, session.styles, strict=True):
        own = [list(script.voices).index(name) + 1 for name in voice.split("+")]
        assert min(own) <= style[0, 0] <= max(own)
        assert style.shape == (1, 256)


def test_an_utterance_depends_on_seed_and_number_alone(script: Script, espeak: list[str]) -> None:
    first = line(script, 3, ALPHABET)
    assert isinstance(first, Line)
    assert line(script, 3, ALPHABET) == first
    assert any(line(script, number, ALPHABET) != first for number in range(4, 8))


def test_the_same_command_continues(script: Script, espeak: list[str], tmp_path: Path) -> None:
    out = speech(script, tmp_path, 4)
    before = (out / "00002.flac").read_bytes()
    (out / "00001.phones").unlink()
    session = Session()
    speech(script, tmp_path, 6, session)
    assert session.spoken == 3
    assert (out / "00002.flac").read_bytes() == before
    with pytest.raises(FacewireError, match=r"holds other speech \(seed\)"):
        speech(Script(script.voices, TEXTS, 6), tmp_path, 6)


def test_interrupted_it_keeps_what_is_finished(script: Script, espeak: list[str], tmp_path: Path) -> None:
    class Interrupted(Session):
        def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
            if self.spoken == 1:
                os.kill(os.getpid(), signal.SIGINT)
            return super().run(names, given)

    with pytest.raises(StoppedError, match="2 of 9 utterances"):
        speech(script, tmp_path, 9, Interrupted())
    assert len(spoken.recordings(tmp_path / "out")) == 2
    assert len(read_audio(tmp_path / "out" / "00001.flac"))


def test_texts_that_kokoro_cannot_say(script: Script, espeak: list[str]) -> None:
    with pytest.raises(FacewireError, match=f"have no {FEWEST} letters"):
        line(Script(script.voices, {"xx": ["12345"]}, 0), 0, ALPHABET)


def test_kokoros_letters_for_english_and_others(espeak: list[str]) -> None:
    assert phonemes.letters("tʃeɪn (en)dʒiː_", "en-us", ALPHABET) == "ʧAn ʤi"
    assert phonemes.letters("tʃeɪn, dʒiː!", "it", ALPHABET) == "ʧeɪn, ʤiː!"


def test_espeak_is_missing_or_lacks_a_language(espeak: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FacewireError, match="cannot speak tlh: no such voice"):
        phonemes.letters("nuqneH", "tlh", ALPHABET)
    monkeypatch.setattr(phonemes.shutil, "which", lambda _: None)
    with pytest.raises(FacewireError, match="apt install espeak-ng"):
        phonemes.letters("hello", "en-us", ALPHABET)


def graph(*outputs: str) -> onnx.ModelProto:
    """The edges of Kokoro's graph."""
    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, None]),
        helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
        helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
    ]
    nodes = [
        helper.make_node("Cast", ["tokens"], ["a"], to=TensorProto.FLOAT),
        helper.make_node("Clip", ["a"], [DURATIONS]),
        helper.make_node("Mul", [DURATIONS, "speed"], ["audio"]),
    ]
    told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    made = helper.make_graph(nodes, "kokoro", inputs, told)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize("outputs", [("audio",), ("audio", DURATIONS)])
def test_durations_become_an_output(outputs: tuple[str, ...], tmp_path: Path) -> None:
    onnx.save(graph(*outputs), tmp_path / "kokoro.onnx")
    (tmp_path / "vocab.json").write_text(json.dumps({"vocab": ALPHABET}), encoding="utf-8")
    opened = kokoro.open_kokoro(tmp_path / "kokoro.onnx", tmp_path / "vocab.json")
    assert opened.alphabet == ALPHABET
    sound, durations = opened.speak("abe", np.zeros((9, 256), np.float32), 1.0)
    assert durations == [0, ALPHABET["a"], ALPHABET["b"], ALPHABET["e"], 0]
    assert len(sound) == round(5 * 2 / 3)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(FacewireError, match="not an ONNX model"):
        kokoro.with_durations(tmp_path / "model.onnx")
    other = graph("audio")
    other.graph.node[1].output[0] = "elsewhere"
    onnx.save(other, tmp_path / "other.onnx")
    with pytest.raises(FacewireError, match="not Kokoro-82M"):
        kokoro.with_durations(tmp_path / "other.onnx")
    with pytest.raises(FacewireError, match="not Kokoro's vocabulary"):
        kokoro.open_kokoro(tmp_path / "other.onnx", tmp_path / "model.onnx")
    (tmp_path / "half.bin").write_bytes(b"1234")
    with pytest.raises(FacewireError, match="rows of 256"):
        kokoro.read_voice(tmp_path / "half.bin")
    (tmp_path / "empty.bin").write_bytes(b"")
    with pytest.raises(FacewireError, match="it is empty"):
        kokoro.read_voice(tmp_path / "empty.bin")


def test_a_graph_that_onnxruntime_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"vocab": ALPHABET}), encoding="utf-8")
    broken = graph("audio")
    broken.graph.node[0].op_type = "NoSuchOperator"
    onnx.save(broken, tmp_path / "broken.onnx")
    with pytest.raises(FacewireError, match=r"broken\.onnx: onnxruntime cannot open it"):
        kokoro.open_kokoro(tmp_path / "broken.onnx", tmp_path / "vocab.json")
    narrow = graph("audio")
    narrow.graph.input[1].type.tensor_type.shape.dim[1].dim_value = 64
    onnx.save(narrow, tmp_path / "narrow.onnx")
    opened = kokoro.open_kokoro(tmp_path / "narrow.onnx", tmp_path / "vocab.json")
    with pytest.raises(FacewireError, match="is it the right model"):
        opened.speak("abe", np.zeros((9, 256), np.float32), 1.0)


def test_voices_of_different_length_are_not_mixed(script: Script, espeak: list[str], tmp_path: Path) -> None:
    np.full((30, 256), 1, np.float32).tofile(script.voices["bm_two"])
    np.full((20, 256), 1, np.float32).tofile(script.voices["ef_three"])
    with pytest.raises(FacewireError, match="different length"):
        speech(script, tmp_path, 24)


def test_voices_are_left_out(script: Script) -> None:
    folder = next(iter(script.voices.values())).parent
    assert list(kokoro.voices_in(folder, ("bm_two",))) == ["af_one", "ef_three"]
    with pytest.raises(FacewireError, match="no such voice"):
        kokoro.voices_in(folder, ("zz",))
    with pytest.raises(FacewireError, match="no voices"):
        kokoro.voices_in(folder, tuple(script.voices))
