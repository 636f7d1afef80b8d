"""Voices of made-up speakers: what differs between them is found, what they say is not, strangers are strangers."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.progress import Progress
from typer.testing import CliRunner

from model import checkpoint, speakers, stream, timbre
from model.torch_runtime import TorchRuntime
from model.windower import windows_of
from model.windows import Floats
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from training.cli import app
from training.datasets.splits import split_of
from training.judge.not_speech import white
from training.sounds.augment import with_noise
from training.sounds.recordings import files_by_speaker
from training.speakers.enrolled import told_apart
from training.speakers.hear import Recording, hear_files, long_enough, piece, voice_in
from training.speakers.judge import METHODS, tell_apart
from training.speakers.teach import centre, discriminant, drawn, equal_error, floor, library, listening, teach_voices

pytestmark = pytest.mark.slow

WIDTH = 12
HIDDEN = (2, 4)
"""Layers and their width; the rest stands for timbre."""
LOUD = 12.0


def speaker(seed: int, recordings: int = 20) -> list[Recording]:
    """Someone whose features differ little from others', and much from recording to recording, in other directions."""
    rng = np.random.default_rng(seed)
    own = np.zeros(WIDTH)
    own[:4] = 2 * rng.standard_normal(4)
    found = []
    for index in range(recordings):
        words = np.zeros(WIDTH)
        words[4:] = LOUD * rng.standard_normal(WIDTH - 4)
        features = own + words + rng.standard_normal((150, WIDTH))
        found.append(Recording(f"r{index}-{seed}", features.astype(np.float32)))
    return found


def people(count: int) -> dict[str, list[Recording]]:
    return {f"p{seed:02}": speaker(seed) for seed in range(count)}


def pooled(some: dict[str, list[Recording]]) -> dict[str, Floats]:
    return {name: drawn(recordings, np.random.default_rng(0)) for name, recordings in some.items()}


def test_what_differs_within_a_speaker_is_dropped() -> None:
    projection = discriminant(pooled(people(24)))
    kept = np.abs(projection.matrix / projection.std)[:, :WIDTH].max(0)
    assert kept[:4].min() > 3 * kept[4:].max()


def test_speakers_are_told_apart_where_plain_means_are_not_and_strangers_are_rejected() -> None:
    told = tell_apart(people(24), HIDDEN, seed=0)
    assert told.by_method["layers and timbre, projected"] > 0.85
    assert told.by_method["the same, projected"] > 0.85
    assert told.by_method["mean and deviation of the timbre, projected"] < 0.2
    assert told.by_method["mean and deviation of all layers"] < 0.6
    assert told.by_method["mean of the last layer (the paper's)"] < 0.6
    assert len(told.by_method) == METHODS + 1
    assert not told.enrolled
    assert told.known[1.0] <= told.known[8.0] + 0.02
    assert told.known_beside_strangers[3.0] > 0.85
    assert told.strangers[3.0] > 0.1
    assert told.confusion.counts.sum() == 24 * 50


def test_nothing_is_learnt_from_what_is_judged() -> None:
    """Speakers who exchange their voices between the recordings to learn from and those held out are all mistaken."""
    some = people(24)
    names = list(some)
    exchanged = {
        name: [r for r in some[name] if not r.held_out] + [r for r in some[other] if r.held_out]
        for name, other in zip(names, names[1:] + names[:1], strict=True)
    }
    assert tell_apart(exchanged, HIDDEN).known[3.0] < 0.1


def test_the_floor_lies_between_people_and_themselves() -> None:
    some = people(24)
    found = floor(some, pooled(some), seed=0)
    assert found == floor(some, pooled(some), seed=0)
    projection = discriminant(pooled(some))
    others = {name: projection(each) for name, each in pooled({f"q{n}": speaker(n) for n in range(50, 62)}).items()}
    projection = replace(projection, others=library(pooled(some), projection))
    centres = {name: centre(voices)[None] for name, voices in others.items()}
    likeness = {
        (name, other): projection.likeness(others[name], centres[other])[:, 0] for name in others for other in others
    }
    known, strange = (
        np.concatenate([values for (name, other), values in likeness.items() if (name == other) == same])
        for same in (True, False)
    )
    assert (known < found).mean() < 0.35
    assert (strange > found).mean() < 0.35


def test_who_is_enrolled_only_is_told_apart_by_what_others_taught() -> None:
    others, some = (
        {name: speaker(seed) for seed, name in enumerate(names, first)}
        for first, names in ((0, "abcdefghijklmnopqrstuvwxyz"), (50, "012345"))
    )
    projection = discriminant(pooled(others))
    learnt = pooled({name: recordings[::2] for name, recordings in some.items()})
    held = {name: recordings[1::2] for name, recordings in some.items()}
    curves = told_apart(learnt, held, projection, 0.5, np.random.default_rng(0))
    assert curves["enrolled voices matched"][8.0] > 0.8
    assert curves["equal error rate, one voice against another"][8.0] < 0.2
    beside = replace(projection, others=library(pooled(others), projection))
    surer = told_apart(learnt, held, beside, 0.5, np.random.default_rng(0))
    assert surer["enrolled voices matched"] == curves["enrolled voices matched"]
    rejected = "strangers rejected, where 5% of the enrolled are"
    assert np.mean(list(surer[rejected].values())) > np.mean(list(curves[rejected].values()))
    low, high = (told_apart(learnt, held, projection, level, np.random.default_rng(0)) for level in (-1.0, 1.1))
    for name in ("enrolled rejected by its floor", "strangers rejected by its floor"):
        assert (low[name][3.0], high[name][3.0]) == (0, 1)


def test_the_equal_error_rate_is_where_both_mistakes_are_as_frequent() -> None:
    assert equal_error(np.array([0.8, 0.9]), np.array([0.1, 0.2, 0.3])) == (0, 0.8)
    assert equal_error(np.array([0.1, 0.9, 0.8, 0.7]), np.array([0.0, 0.2, 0.75, 0.05])).share == 0.25
    assert equal_error(np.array([0.1, 0.2]), np.array([0.8, 0.9])).share == 1


def test_pieces_are_as_long_as_asked_and_go_on_in_other_recordings() -> None:
    rng = np.random.default_rng(0)
    short = [Recording("a", np.zeros((40, 2), np.float32)), Recording("b", np.ones((30, 2), np.float32))]
    drawn = piece(short, 3.0, rng)
    assert drawn.shape == (150, 2)
    assert 0 < drawn.mean() < 1
    assert long_enough({"x": short, "y": []}, 1.0).keys() == {"x"}


def test_too_few_speakers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="at least 3"):
        teach_voices(listening(tiny_model(), (0, 1)), people(2), {})
    with pytest.raises(FacewireError, match="at least 8"):
        tell_apart(people(7), HIDDEN)
    with pytest.raises(FacewireError, match="a folder for each speaker"):
        files_by_speaker(tmp_path)


def buzz(pitch_hz: float, seconds: float, seed: int) -> Floats:
    """A voice of a sort: pulses through a slowly changing filter, loud and quiet in turn."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * 16_000)) / 16_000
    pulses = np.sign(np.sin(2 * np.pi * pitch_hz * times)) + 0.3 * rng.standard_normal(len(times))
    loud = np.interp(times, np.arange(0, seconds + 1, 0.5), rng.uniform(0.02, 0.3, int(2 * seconds) + 2))
    return np.asarray(pulses * loud, np.float32)


def spoken(folder: Path) -> Path:
    for place, pitch_hz in enumerate((70, 110, 160, 220)):
        (folder / f"v{place}").mkdir(parents=True)
        for index in range(6):
            sound = buzz(pitch_hz, 4, 10 * place + index)
            soundfile.write(folder / f"v{place}" / f"say{index}.flac", sound.clip(-1, 1), 16_000)
    return folder


def test_a_taught_checkpoint_follows_its_voices_and_keeps_its_face(tmp_path: Path) -> None:
    folder = spoken(tmp_path / "speakers")
    model = listening(tiny_model(), (0, 1))
    with Progress(disable=True) as bar:
        heard = hear_files(model, files_by_speaker(folder), bar)
        both = hear_files(model, {"v0": files_by_speaker(folder)["v0"][:4]}, bar, varied=True)
    assert [len(found) for found in both.values()] == [4, 4]
    quiet = [np.quantile(each.features[:, 32 : 32 + timbre.BANDS], 0.1) for each in (*heard["v0"][:4], *both["v0"])]
    assert quiet[:2] == quiet[4:6]
    assert (np.array(quiet[6:]) > quiet[2:4]).all()  # heard through noise
    assert np.abs(both["v0"][0].features.mean(0) - both["v0, another throat"][0].features.mean(0)).max() > 0.01
    taught = teach_voices(model, heard, {"alma": heard["v0"], "bruno": heard["v3"]})
    assert taught.voice
    assert taught.voice.others.shape == (2, 3)  # of the four two are its own, by other names
    runtime = TorchRuntime(taught)
    for name, pitch_hz in (("alma", 70), ("bruno", 220)):
        sound = buzz(pitch_hz, 6, 99)
        state = stream.start(runtime, seeds=[0], identities=["auto"])
        state, _ = stream.step(runtime, state, windows_of(state.window, sound)[None])
        assert speakers.speaking(state) == [name]
    before = stream.render(TorchRuntime(tiny_model()), sound, identity="alma").weights
    np.testing.assert_allclose(stream.render(runtime, sound, identity="alma").weights, before, atol=1e-6)


def test_only_what_is_held_out_is_judged_in_noise_of_the_level_that_is_asked(tmp_path: Path) -> None:
    model, names = listening(tiny_model(), (0, 1)), [f"s{place}" for place in range(20)]
    (tmp_path / "v0").mkdir()
    for place, name in enumerate(names):
        soundfile.write(tmp_path / "v0" / f"{name}.flac", buzz(90, 1, place).clip(-1, 1), 16_000)
    with Progress(disable=True) as bar:
        files = {"v0": [tmp_path / "v0" / f"{name}.flac" for name in names]}
        clean, noisy = (hear_files(model, files, bar, noise_db=noise_db)["v0"] for noise_db in (None, 20.0))
    for one, other in zip(clean, noisy, strict=True):
        assert np.array_equal(one.features, other.features) == (not one.held_out)
    assert {one.held_out for one in clean} == {True, False}
    sound = buzz(90, 1, 0)
    added = with_noise(sound, white(len(sound), np.random.default_rng(0)), 20) - sound
    assert np.std(added) / np.sqrt(np.mean(sound**2)) == pytest.approx(0.1, rel=0.01)


def test_the_voice_in_silence_is_nothing() -> None:
    heard = voice_in(listening(tiny_model(), (0, 1)), np.zeros(32_000, np.float32))
    assert heard.features.shape == (0, 32 + timbre.WIDTH)


def test_the_commands_teach_and_judge(tmp_path: Path) -> None:
    folder, before, after = spoken(tmp_path / "speakers"), tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    checkpoint.save(tiny_model(), before, {"data": {}})
    run = CliRunner().invoke
    made = run(app, ["voices", "teach", str(before), "--speakers", f"{folder}=CC0", "--out", str(after)])
    assert made.exit_code == 0, made.output
    assert checkpoint.header(after)["provenance"]["voices"] == {
        "speakers": {"speakers": 4},
        "licences": {"speakers": "CC0"},
        "identities": [],
    }
    assert checkpoint.load(after).voice is not None
    held = [name for name in map("s{}".format, range(99)) if split_of(name) != "train"][:3]
    learnt = [name for name in map("s{}".format, range(99)) if split_of(name) == "train"][:3]
    for place in range(8):
        for name in held + learnt:
            (folder / f"w{place}").mkdir(exist_ok=True)
            sound = buzz(60 + 20 * place, 4, int(name[1:]) + place)
            soundfile.write(folder / f"w{place}" / f"{name}.flac", sound.clip(-1, 1), 16_000)
    command = ["voices", "judge", str(after), str(folder), "--out", str(tmp_path / "figures"), "--noise-db", "30"]
    result = run(app, command)
    assert result.exit_code == 0, result.output
    made_files = {path.name for path in (tmp_path / "figures").iterdir()}
    assert made_files == {"speakers.md", "speakers.json", "speakers.png", "identities.png"}
    assert (
        json.loads((tmp_path / "figures" / "speakers.json").read_text(encoding="utf-8"))["scores"]["pieces"] >= 8 * 50
    )
    figures = json.loads((tmp_path / "figures" / "speakers.json").read_text(encoding="utf-8"))
    assert set(figures["enrolled"]["enrolled voices matched"]) == {"1.0", "2.0", "3.0", "5.0", "8.0"}
    assert "as the checkpoint was taught" in result.output
