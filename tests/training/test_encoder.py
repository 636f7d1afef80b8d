from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from transformers import HubertConfig, HubertModel

from model.windows import FEATURE_SAMPLES, Samples, WindowSpec
from protocols.errors import FacewireError
from training.encoder import EncoderSettings, Run, batch_at, rate_at, train_encoder
from training.sounds import Speech
from training.state import load, save
from training.student import Student, compact_config
from training.teachers import Features, Told
from training.track import Track, prepare

SETTINGS = EncoderSettings(
    steps=12, batch=4, warmup_steps=2, window=WindowSpec(100, 100, 40), lookaheads_ms=(0, 40), save_every=6
)


class LoudnessTeacher:
    """Something a student can learn at once: the loudness of each frame, twice."""

    name = "loudness"

    def features(self, samples: Samples, told: Told) -> Features:
        told(1, 1)
        frames = samples[: len(samples) // FEATURE_SAMPLES * FEATURE_SAMPLES].reshape(-1, FEATURE_SAMPLES)
        loudness = np.log(np.square(frames).mean(1) + 1e-6)
        return np.stack([loudness, -loudness], 1).astype(np.float32)


def tiny_config() -> HubertConfig:
    return HubertConfig(
        conv_dim=(8, 8, 8, 8),
        conv_kernel=(30, 6, 5, 2),
        conv_stride=(10, 4, 4, 2),
        conv_bias=True,
        feat_extract_norm="layer",
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        num_conv_pos_embeddings=5,
        num_conv_pos_embedding_groups=2,
        do_stable_layer_norm=True,
        hidden_dropout=0.0,
        activation_dropout=0.0,
        attention_dropout=0.0,
        feat_proj_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
    )


@pytest.fixture
def speech(tmp_path: Path) -> list[Speech]:
    """Bursts of noise: loud and quiet in turn."""
    rng = np.random.default_rng(1)
    bursts = np.repeat(rng.uniform(0, 0.3, 20), 1600) * rng.standard_normal(32_000)
    soundfile.write(tmp_path / "bursts.wav", bursts.clip(-1, 1), 16_000)
    return [Speech("bursts", "CC0", (tmp_path / "bursts.wav",))]


@pytest.fixture
def track(speech: list[Speech], tmp_path: Path) -> Track:
    return prepare(speech, [LoudnessTeacher()], tmp_path / "work")


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


def test_the_encoder_it_exports_loads_as_a_hubert_without_heads(speech: list[Speech], tmp_path: Path) -> None:
    out = train_encoder(
        speech,
        [LoudnessTeacher()],
        tmp_path / "out",
        work=tmp_path / "work",
        settings=SETTINGS,
        config=tiny_config(),
    )
    assert sorted(path.name for path in out.iterdir()) == ["config.json", "encoder.json", "model.safetensors"]
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


def test_the_loss_falls(track: Track) -> None:
    run = tiny_run()
    losses = [run.advance(batch_at(step, track, SETTINGS)) for step in range(60)]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])


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
    sound, targets = track.window(spec, 7)
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


def test_features_are_computed_once(speech: list[Speech], track: Track, tmp_path: Path) -> None:
    class Deaf:
        name = "loudness"

        def features(self, samples: Samples, told: Told) -> Features:
            raise AssertionError("was to be taken from the folder")

    again = prepare(speech, [Deaf()], tmp_path / "work")
    np.testing.assert_array_equal(again.targets["loudness"], track.targets["loudness"])


def test_a_folder_of_other_recordings_is_refused(speech: list[Speech], track: Track, tmp_path: Path) -> None:
    other = [Speech("other", "CC0", speech[0].files)]
    with pytest.raises(FacewireError, match="other recordings"):
        prepare(other, [LoudnessTeacher()], tmp_path / "work")


def test_the_rate_warms_up_and_ends_at_nothing() -> None:
    rates = [rate_at(step, SETTINGS) for step in range(SETTINGS.steps + 1)]
    assert rates[0] < rates[1] == pytest.approx(SETTINGS.learning_rate)
    assert rates[-1] == pytest.approx(0)
