import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from rich.progress import Progress
from transformers import HubertConfig, HubertModel
from typer.testing import CliRunner

from model.encoder import embed, pretrained
from model.phones import PhoneHead
from model.windows import FEATURE_SAMPLES, RUMBLE_HZ, Samples, WindowSpec
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert
from tests.training.people import prepared, write_person
from training import cli
from training.datasets.dataset import read
from training.encoder.batches import Batch, EncoderSettings, batch_at
from training.encoder.distil import export, train_encoder
from training.encoder.probe import ridge_probe
from training.encoder.run import Run, rate_at
from training.encoder.student import Student, compact_config
from training.encoder.targets import Features, Teacher
from training.encoder.track import Track, prepare
from training.encoder.watch import Probe
from training.fit.state import load, save
from training.interrupt import StoppedError
from training.phones import spoken
from training.phones.spoken import Spoken, Timed
from training.phones.table import INDEX, PHONES
from training.sounds.recordings import Recordings, recordings_of

SILENT = Progress(disable=True)
SETTINGS = EncoderSettings(
    steps=12, batch=4, warmup_steps=2, window=WindowSpec(100, 100, 40, RUMBLE_HZ), hops_ms=(100,), lookaheads_ms=(0, 40)
)


class LoudnessTeacher:
    """Something a student can learn at once: the loudness of each frame, twice."""

    name = "loudness"
    sha256 = "5" * 64
    delay_samples = 0
    positional = False

    def encode(self, chunk: Samples) -> Features:
        loudness = np.log(np.square(chunk.reshape(-1, FEATURE_SAMPLES)).mean(1) + 1e-6)
        return np.stack([loudness, -loudness], 1).astype(np.float32)


class Deaf(LoudnessTeacher):
    def encode(self, chunk: Samples) -> Features:
        raise AssertionError("was to be taken from the folder")


def tiny_config() -> HubertConfig:
    config = compact_config()
    config.conv_dim = (8, 8, 8, 8)
    config.hidden_size, config.intermediate_size = 16, 32
    config.num_hidden_layers, config.num_attention_heads = 1, 2
    config.num_conv_pos_embeddings, config.num_conv_pos_embedding_groups = 5, 2
    return config


@pytest.fixture
def speech(tmp_path: Path) -> list[Recordings]:
    """Bursts of noise: loud and quiet in turn."""
    rng = np.random.default_rng(1)
    bursts = np.repeat(rng.uniform(0, 0.3, 20), 1600) * rng.standard_normal(32_000)
    soundfile.write(tmp_path / "bursts.wav", bursts.clip(-1, 1), 16_000)
    return [Recordings("bursts", "CC0", (tmp_path / "bursts.wav",))]


@pytest.fixture
def track(speech: list[Recordings], tmp_path: Path) -> Track:
    return prepare(speech, [LoudnessTeacher()], tmp_path / "work", SILENT)


def tiny_run(seed: int = 0) -> Run:
    torch.manual_seed(seed)
    return Run(Student(tiny_config(), {"loudness": 2}).train(), SETTINGS)


def test_compact_encoder_has_hubert_base_frames_and_about_4_m_parameters() -> None:
    hubert = HubertModel(compact_config()).eval()
    spec = WindowSpec()
    with torch.inference_mode():
        hidden = hubert(torch.zeros(1, spec.samples)).last_hidden_state
    assert hidden.shape == (1, spec.features, 256)
    assert 3.5e6 < sum(p.numel() for p in hubert.parameters()) < 4.2e6


def trained(speech: list[Recordings], root: Path, *, teacher: Teacher | None = None, **options: Any) -> Path:
    settings = options.pop("settings", SETTINGS)
    return train_encoder(
        speech, [teacher or LoudnessTeacher()], root / "out", SILENT,
        work=root / "work", settings=settings, config=tiny_config(), save_every=6, **options,
    )  # fmt: skip


def test_the_encoder_it_exports_loads_as_a_hubert_without_heads(speech: list[Recordings], tmp_path: Path) -> None:
    out = trained(speech, tmp_path)
    expected = ["config.json", "encoder.json", "losses.png", "model.safetensors"]
    assert sorted(path.name for path in out.iterdir()) == expected
    told = json.loads((out / "encoder.json").read_text(encoding="utf-8"))
    assert told["teachers"] == [{"name": "loudness", "sha256": LoudnessTeacher.sha256}]
    assert (told["step"], told["licences"]) == (12, {"bursts": "CC0"})
    assert told["minutes"] == {"bursts": pytest.approx(2 / 60, abs=0.01)}
    hubert, info = HubertModel.from_pretrained(out, local_files_only=True, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert {p.dtype for p in hubert.parameters()} == {torch.float32}
    run = tiny_run()
    assert load(tmp_path / "work" / "state.safetensors", run.student, run.optimizer) == SETTINGS.steps
    windows = torch.randn(2, SETTINGS.window.samples) / 20
    torch.testing.assert_close(
        hubert(windows).last_hidden_state, run.student.hubert(windows).last_hidden_state, rtol=0, atol=1e-5
    )


def test_a_run_that_is_killed_and_interrupted_is_that_of_one_that_was_not(
    speech: list[Recordings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def killed(step: int, *arguments: Any) -> Batch:
        if step == 8:
            raise KilledError
        return batch_at(step, *arguments)

    def interrupted(step: int, *arguments: Any) -> Batch:
        if step == 9:
            os.kill(os.getpid(), signal.SIGINT)
        return batch_at(step, *arguments)

    monkeypatch.setattr("training.encoder.distil.batch_at", killed)
    with pytest.raises(KilledError):
        trained(speech, tmp_path)
    monkeypatch.setattr("training.encoder.distil.batch_at", interrupted)
    with pytest.raises(StoppedError, match="saved after step 10 of 12; run the same command to continue"):
        trained(speech, tmp_path, teacher=Deaf())
    monkeypatch.setattr("training.encoder.distil.batch_at", batch_at)
    trained(speech, tmp_path)
    trained(speech, tmp_path / "whole")
    for path in ("work/losses.csv", "work/state.safetensors", "out/model.safetensors", "out/encoder.json"):
        assert (tmp_path / path).read_bytes() == (tmp_path / "whole" / path).read_bytes(), path
    head, *rows = (tmp_path / "work" / "losses.csv").read_text(encoding="utf-8").splitlines()
    assert head == "step,loss,loudness"
    assert len(rows) == 12


def test_a_run_does_not_go_on_with_other_settings(speech: list[Recordings], tmp_path: Path) -> None:
    trained(speech, tmp_path)
    with pytest.raises(FacewireError, match=r"began with other settings \(settings\)"):
        trained(speech, tmp_path, settings=replace(SETTINGS, seed=3))


@pytest.mark.slow
def test_a_probe_on_the_way_is_written_and_drawn(speech: list[Recordings], tmp_path: Path) -> None:
    write_person(tmp_path / "raw", clips=40, seconds=1)
    data = read(prepared(tmp_path / "raw", tmp_path / "set", "nina"))
    probe = Probe([data], tmp_path / "work", SETTINGS.window, every=5)
    out = trained(speech, tmp_path, probe=probe)
    head, *rows = (tmp_path / "work" / "probe.csv").read_text(encoding="utf-8").splitlines()
    assert head == "step,mean_r"
    assert [row.partition(",")[0] for row in rows] == ["5", "10", "12"]
    with torch.inference_mode():
        hubert = HubertModel.from_pretrained(out).eval()
        wanted = ridge_probe(
            lambda windows: hubert(torch.from_numpy(windows)).last_hidden_state.numpy(), [data], spec=SETTINGS.window
        )
    assert float(rows[-1].partition(",")[2]) == pytest.approx(wanted.mean, abs=1e-3)
    with_probe = (out / "losses.png").stat().st_size
    probe.begin(7)
    assert list(probe.found()) == [5]
    trained(speech, tmp_path / "without")
    assert with_probe > 1.2 * (tmp_path / "without" / "out" / "losses.png").stat().st_size > 10_000


def test_a_set_that_cannot_be_probed_is_refused_at_once(tmp_path: Path) -> None:
    write_person(tmp_path / "raw", clips=1)
    data = read(prepared(tmp_path / "raw", tmp_path / "set", "nina"))
    with pytest.raises(FacewireError, match="none of its 1 recordings"):
        Probe([data], tmp_path, SETTINGS.window)


@pytest.mark.slow
def test_the_command_trains_on_a_hubert_and_speech_of_two_kinds(tmp_path: Path) -> None:
    write_person(tmp_path / "raw", clips=12, seconds=2)
    data = prepared(tmp_path / "raw", tmp_path / "set", "nina")
    tiny_hubert().save_pretrained(tmp_path / "teacher")
    command = [
        "encoder", "--teacher", f"hubert:{tmp_path / 'teacher'}@1", "--data", str(data),
        "--speech", f"{tmp_path / 'raw'}=CC BY 4.0", "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"),
        "--steps", "2", "--batch", "2", "--save-every", "1",
    ]  # fmt: skip
    result = CliRunner().invoke(cli.app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "out" / "encoder.json").read_text(encoding="utf-8"))
    assert told["licences"] == {"set": "CC0", "raw": "CC BY 4.0"}
    assert told["teachers"][0]["name"] == "hubert-teacher-1"
    assert str(tmp_path) not in json.dumps(told)
    with pytest.raises(FacewireError, match="expected FOLDER=LICENCE"):
        CliRunner().invoke(cli.app, [*command, "--speech", "somewhere"], catch_exceptions=False)


def test_the_loss_falls(track: Track) -> None:
    plain, run = replace(SETTINGS, steps=100, silent=0.0, voices=0.0, cut=0.0), tiny_run()
    run.settings = plain
    losses = [run.advance(batch_at(step, track, plain))["loss"] for step in range(100)]
    assert np.mean(losses[-20:]) < 0.8 * np.mean(losses[:20])


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(track: Track, tmp_path: Path) -> None:
    straight = tiny_run()
    for step in range(3):
        straight.advance(batch_at(step, track, SETTINGS))
    save(tmp_path / "state.safetensors", straight.student, straight.optimizer, straight.step)
    resumed = tiny_run(seed=9)
    resumed.step = load(tmp_path / "state.safetensors", resumed.student, resumed.optimizer)
    assert resumed.step == 3
    for step in (3, 4):
        batch = batch_at(step, track, SETTINGS)
        assert resumed.advance(batch) == straight.advance(batch)


def test_a_step_draws_the_same_windows_every_time_and_other_steps_others(track: Track) -> None:
    first, again, other = (batch_at(step, track, SETTINGS) for step in (5, 5, 6))
    assert torch.equal(first.windows, again.windows)
    assert first.windows.shape != other.windows.shape or not torch.equal(first.windows, other.windows)


def test_a_window_and_its_targets_are_of_the_same_frames(track: Track) -> None:
    spec = SETTINGS.window
    sound, targets, _ = track.window(spec, 7)
    np.testing.assert_allclose(sound * 32768, track.pcm[7 * 320 : 7 * 320 + spec.samples], atol=0.01)
    np.testing.assert_array_equal(targets["loudness"], track.targets["loudness"][7 : 7 + spec.features])


def test_silence_is_what_the_teacher_makes_of_gaps(track: Track) -> None:
    loudness, negative = track.silence["loudness"]
    assert loudness == pytest.approx(float(track.targets["loudness"][:, 0].min()), abs=0.01)
    assert negative == pytest.approx(-loudness, abs=0.01)


def test_all_windows_are_silent_targets_where_all_shall_be_silent(track: Track) -> None:
    batch = batch_at(0, track, replace(SETTINGS, silent=1.0))
    expected = torch.from_numpy(track.silence["loudness"]).expand_as(batch.targets["loudness"])
    assert torch.equal(batch.targets["loudness"], expected)


def test_sound_and_targets_stay_on_the_disk(track: Track) -> None:
    assert isinstance(track.pcm, np.memmap)
    assert isinstance(track.targets["loudness"], np.memmap)
    assert (track.pcm.dtype, track.targets["loudness"].dtype) == (np.int16, np.float16)


def test_two_teachers_of_one_name_are_refused(speech: list[Recordings], tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="same name"):
        prepare(speech, [LoudnessTeacher(), LoudnessTeacher()], tmp_path / "work", SILENT)


def test_features_are_computed_once(speech: list[Recordings], track: Track, tmp_path: Path) -> None:
    again = prepare(speech, [Deaf()], tmp_path / "work", SILENT)
    np.testing.assert_array_equal(again.targets["loudness"], track.targets["loudness"])


def test_a_folder_of_other_recordings_is_refused(speech: list[Recordings], track: Track, tmp_path: Path) -> None:
    other = [Recordings("other", "CC0", speech[0].files)]
    with pytest.raises(FacewireError, match="other recordings"):
        prepare(other, [LoudnessTeacher()], tmp_path / "work", SILENT)


def test_the_rate_warms_up_and_ends_at_nothing() -> None:
    rates = [rate_at(step, SETTINGS) for step in range(SETTINGS.steps + 1)]
    assert rates[0] < rates[1] == pytest.approx(SETTINGS.learning_rate)
    assert rates[-1] == pytest.approx(0)


@pytest.fixture
def spoken_track(tmp_path: Path) -> Track:
    """Vowel a is a low tone, i a high one; each lasts 300 ms."""
    folder = tmp_path / "said"
    folder.mkdir()
    seconds, rng = np.arange(4800) / 16_000, np.random.default_rng(3)
    tones = {"a": np.sin(2 * np.pi * 300 * seconds), "i": np.sign(np.sin(2 * np.pi * 1700 * seconds))}
    names = [str(rng.choice(["a", "i"])) for _ in range(40)]
    sound = np.concatenate([tones[name] for name in names]) * 0.2
    soundfile.write(folder / "one.wav", sound, 16_000)
    timed = tuple(Timed(name, 4800 * place, 4800 * place + 4800) for place, name in enumerate(names))
    spoken.write(folder / "one.wav", Spoken("tone", "en", "", timed))
    return prepare([recordings_of(folder, "CC0")], [], tmp_path / "spoken", SILENT)


def test_phones_are_those_of_the_same_frames_in_a_longer_tract_too(spoken_track: Track) -> None:
    assert spoken_track.spoken
    names = [PHONES[index] for index in spoken_track.phones[:16]]
    assert names[:15] == [names[0]] * 15
    for longer in (1.0, 1.18, 0.85):
        cut = spoken_track.window(SETTINGS.window, 31, longer)
        assert cut.sound.shape == (SETTINGS.window.samples,)
        centres = np.arange(SETTINGS.window.features) * 320 + 200
        crossings = [int((np.diff(np.sign(cut.sound[c - 150 : c + 150])) != 0).sum()) for c in centres]
        heard = np.where(np.array(crossings) > 25, INDEX["i"], INDEX["a"])
        assert (heard == cut.phones).mean() > 0.9


def test_phones_are_learnt_and_go_into_the_folder(spoken_track: Track, tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=150, batch=8, learning_rate=5e-3)
    speech = [recordings_of(tmp_path / "said", "CC0")]
    out = train_encoder(speech, [], tmp_path / "out", SILENT, work=tmp_path / "spoken", settings=settings,
                        config=tiny_config())  # fmt: skip
    encoder = pretrained(out)
    assert encoder.config.phones == PHONES
    assert encoder.config.highpass_hz == RUMBLE_HZ
    cuts = [spoken_track.window(SETTINGS.window, start) for start in range(0, 400, 25)]
    told = encoder.encode(torch.from_numpy(np.stack([cut.sound for cut in cuts])))[..., -1 - len(PHONES) : -1]
    kept = slice(SETTINGS.window.left_features, SETTINGS.window.left_features + SETTINGS.window.hop_features)
    right = told.argmax(-1).numpy()[:, kept] == np.stack([cut.phones for cut in cuts])[:, kept]
    assert right.mean() > 0.8


def test_further_layers_change_nothing_at_first(tmp_path: Path) -> None:
    start = tiny_run(5).student
    export(start, tmp_path / "start", {})
    deeper = tiny_config()
    deeper.num_hidden_layers = 3
    student = Student(deeper, {})
    student.begin_as(pretrained(tmp_path / "start"))
    windows = torch.randn(2, SETTINGS.window.samples) / 20
    torch.testing.assert_close(
        student.eval().hubert(windows).last_hidden_state, start.eval().hubert(windows).last_hidden_state
    )
    with pytest.raises(FacewireError, match="another shape"):
        Student(compact_config(), {}).begin_as(pretrained(tmp_path / "start"))


@pytest.mark.parametrize(("names", "width"), [(PHONES[::-1], 48), (PHONES, 24)])
def test_an_encoder_that_knows_other_phones_is_no_start(names: tuple[str, ...], width: int) -> None:
    start = embed(HubertModel(tiny_config()), PhoneHead(16, width, names))
    with pytest.raises(FacewireError, match="knows other phones"):
        Student(tiny_config(), {}, times=1).begin_as(start)


def test_the_phones_of_a_start_are_known_at_once() -> None:
    start = embed(HubertModel(tiny_config()), PhoneHead(16, 48, PHONES))
    student = Student(tiny_config(), {}, times=2)
    student.begin_as(start)
    assert student.head is not None
    assert start.head is not None
    torch.testing.assert_close(student.head.state_dict(), start.head.state_dict())


def test_phones_that_were_added_or_changed_later_are_not_overlooked(spoken_track: Track, tmp_path: Path) -> None:
    speech, work = [recordings_of(tmp_path / "said", "CC0")], tmp_path / "spoken"
    prepare(speech, [], work, SILENT)
    said = tmp_path / "said" / "one.phones"
    before = said.read_bytes()
    said.unlink()
    with pytest.raises(FacewireError, match="other phones; choose an empty folder, or delete it"):
        prepare(speech, [], work, SILENT)
    said.write_bytes(before)
    prepare(speech, [], work, SILENT)


MAPPED = pytest.mark.skipif(os.name == "nt", reason="Windows does not delete a file that is mapped")


@pytest.mark.parametrize("lost", ["track.phones", pytest.param("track.s16", marks=MAPPED)])
def test_a_folder_that_lacks_a_file_is_refused(spoken_track: Track, tmp_path: Path, lost: str) -> None:
    (tmp_path / "spoken" / lost).unlink()
    with pytest.raises(FacewireError, match="incomplete track"):
        prepare([recordings_of(tmp_path / "said", "CC0")], [], tmp_path / "spoken", SILENT)


def test_a_folder_that_does_not_tell_which_phones_it_has_is_used(spoken_track: Track, tmp_path: Path) -> None:
    listing = tmp_path / "spoken" / "sources.json"
    told = json.loads(listing.read_text(encoding="utf-8"))
    del told["sources"][0]["phones"]
    listing.write_text(json.dumps(told), encoding="utf-8")
    again = prepare([recordings_of(tmp_path / "said", "CC0")], [], tmp_path / "spoken", SILENT)
    np.testing.assert_array_equal(again.phones, spoken_track.phones)


def test_with_neither_teacher_nor_phones_there_is_nothing_to_learn(speech: list[Recordings], tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="nothing to learn"):
        train_encoder(speech, [], tmp_path / "out", SILENT, work=tmp_path / "work", settings=SETTINGS)
