from dataclasses import replace

import numpy as np
import pytest

from model import stream
from protocols import blendshapes
from tests.model.tiny import tiny_model
from tests.training.people import person
from training.clips import Clip
from training.evaluate import animate, baselines, evaluate, figures, pair
from training.report import table


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return person(tmp_path_factory.mktemp("alma"), "alma", "train", clips=6)


def test_clips_together_get_the_faces_they_get_alone(clips: list[Clip]) -> None:
    model = tiny_model()
    shorter = replace(clips[1], pcm=clips[1].pcm[:30_000])
    faces = animate(model, [clips[0], shorter], seed=2, lookahead_ms=160)
    for index, clip in enumerate((clips[0], shorter)):
        alone = stream.render(model, clip.samples, seed=2000 + index, identity="alma", liveliness=1.0)
        np.testing.assert_allclose(faces[index], alone, rtol=0, atol=1e-5)


def test_a_perfect_face_has_perfect_figures_and_noise_has_not(clips: list[Clip]) -> None:
    real = [clip.at(np.arange(90) / 30)[0] for clip in clips]
    perfect = figures([pair(c, f, 30) for c, f in zip(clips, real, strict=True)], 30)
    assert perfect["lip error 27"] == perfect["FDD abs"] == 0
    assert perfect["jaw r"] == pytest.approx(1)
    assert perfect["amplitude lips"] == perfect["jitter upper"] == perfect["blinks to real"] == pytest.approx(1)
    assert "closure recall" not in perfect  # nobody said a word
    found = evaluate(tiny_model(), clips[:2], 160, seeds=(0,))
    assert found["lip error 27"] > 0.1
    assert "jaw in noise of -60 dBFS" in found


def test_channels_that_were_not_captured_do_not_count(clips: list[Clip]) -> None:
    lips_only = np.isin(np.arange(52), blendshapes.LIPS_27).astype(np.float32)
    half = [replace(clip, confidence=lips_only) for clip in clips]
    faces = animate(tiny_model(), half, seed=0, lookahead_ms=160)
    found = figures([pair(c, f, 30) for c, f in zip(half, faces, strict=True)], 30)
    assert not {"FDD abs", "jitter upper", "blinks to real"} & set(found)
    assert found["MBE 51"] == pytest.approx(found["lip error 27"])


def test_the_table_has_a_row_for_each_figure(clips: list[Clip]) -> None:
    found = baselines(clips, tiny_model())
    text = table(found)
    assert text.splitlines()[0] == "| figure | mean face | another clip |"
    assert "| jaw r | " in text
    assert "another clip" not in baselines(clips[:1], tiny_model())
    assert found["mean face"]["lip error 27"] > 0
