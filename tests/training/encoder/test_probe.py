from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.encoder import embed
from model.phones import PhoneHead
from model.windower import windows_of
from model.windows import RUMBLE_HZ, WindowSpec
from protocols.errors import FacewireError
from tests.model.tiny import tiny_hubert
from tests.training.people import prepared, write_person
from training.datasets.dataset import read
from training.encoder import told
from training.encoder.probe import SHAPES, at_rate, log_mel, ridge_probe, streamed
from training.encoder.told import own_windows
from training.phones import spoken
from training.phones.spoken import Spoken, Timed
from training.phones.table import PHONES

SPEC = WindowSpec(100, 100, 40)


def test_streamed_features_are_those_of_the_whole_recording() -> None:
    samples = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) / 10
    whole = log_mel(np.concatenate([samples, np.zeros(80, np.float32)])[None])[0]
    np.testing.assert_allclose(streamed(log_mel, samples, SPEC), whole, atol=1e-3)


def test_features_are_read_at_absolute_times() -> None:
    centres_ms = (np.arange(50, dtype=np.float32) * 20 + 12.5)[:, None]
    np.testing.assert_allclose(at_rate(centres_ms, 24, 25)[1:, 0], np.arange(1, 24) * 40, atol=1e-3)


def test_the_probe_finds_what_is_there(tmp_path: Path) -> None:
    """Curves that are the loudness of the sound, in a channel order of their own, can be read from log mel."""
    nina, otto = (
        read(prepared(loud(tmp_path / name, sign), tmp_path / f"{name}-set", name))
        for name, sign in (("nina", 1), ("otto", -1))
    )
    result = ridge_probe(log_mel, [nina], spec=SPEC)
    assert set(result.by_shape) == set(SHAPES)
    assert result.mean > 0.9
    assert ridge_probe(log_mel, [nina], spec=SPEC, strangers=[otto]).mean < -0.9  # who opens where she closes


def loud(folder: Path, sign: int) -> Path:
    """Recordings whose shapes all follow the sound's loudness, or its opposite."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for clip in range(40):
        gains = np.interp(np.arange(16_000) / 640, np.arange(26), rng.uniform(0.01, 0.3, 26))
        soundfile.write(folder / f"c{clip}.flac", (gains * rng.standard_normal(16_000)).clip(-1, 1), 16_000)
        curve = (0.5 + sign * (0.5 + np.log(gains[::640]) / 5)).astype(np.float32)
        names = np.array(["tongueOut", *reversed(SHAPES)])
        bs = np.stack([0 * curve] + [curve] * len(SHAPES), 1)
        np.savez(folder / f"c{clip}.npz", bs=bs, names=names, fps=25.0)
    return folder


def test_a_set_without_test_recordings_is_refused(tmp_path: Path) -> None:
    write_person(tmp_path, clips=1)
    with pytest.raises(FacewireError, match=r"none of its 1 recordings is in the \w+ split"):
        ridge_probe(log_mel, [read(prepared(tmp_path, tmp_path / "set", "nina"))], spec=SPEC)


def test_an_encoder_is_judged_on_the_windows_that_it_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hubert = tiny_hubert()
    hubert.config.highpass_hz = RUMBLE_HZ
    knowing = embed(hubert, PhoneHead(hubert.config.hidden_size, 4, PHONES))
    assert own_windows(knowing.config) == WindowSpec(600, highpass_hz=RUMBLE_HZ)
    assert own_windows(embed(tiny_hubert()).config) == WindowSpec()
    soundfile.write(tmp_path / "one.wav", np.full(16_000, 0.1), 16_000)
    spoken.write(tmp_path / "one.wav", Spoken("anna", "en", "", (Timed("a", 3200, 9600),)))
    cut: list[WindowSpec] = []
    monkeypatch.setattr(told, "windows_of", lambda spec, samples: cut.append(spec) or windows_of(spec, samples))
    found = told.told_right(knowing, [tmp_path / "one.wav"])
    assert cut == [own_windows(knowing.config)]
    assert found.frames == 20
