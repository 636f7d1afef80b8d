from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.model.tiny import tiny_model
from tests.training.people import person
from training.datasets.clips import Clip
from training.judge import matching
from training.judge.matching import Confusion, confusion


def test_scores_against_hand_computed_cases() -> None:
    found = Confusion(("a", "b", "silent"), np.array([[8, 2, 0], [1, 4, 0], [0, 0, 0]])).scores()
    precision, recall = (8 / 9, 4 / 6), (8 / 10, 4 / 5)
    f1 = [2 * p * r / (p + r) for p, r in zip(precision, recall, strict=True)]
    assert found["precision"] == pytest.approx(sum(precision) / 2)
    assert found["recall"] == pytest.approx(sum(recall) / 2)
    assert found["F1"] == pytest.approx(sum(f1) / 2)
    assert found["accuracy"] == pytest.approx(12 / 15)
    assert found["pieces"] == 15
    never = Confusion(("a", "b"), np.array([[0, 3], [0, 3]])).scores()
    assert (never["precision"], never["recall"]) == (0.25, 0.5)


@pytest.fixture(scope="module")
def alma(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return person(tmp_path_factory.mktemp("alma"), "alma", "train", clips=6)[:3]


def test_each_piece_is_matched_to_the_voice_it_sounds_like(alma: list[Clip], monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model()
    quiet = [replace(clip, identity="bruno", pcm=clip.pcm // 4) for clip in alma]
    strangers = [replace(clip, identity="nobody") for clip in alma]

    def by_loudness(model: object, piece: Clip, lookahead_ms: int) -> np.ndarray:
        return np.array([1.0, 0.0]) if np.abs(piece.samples).max() > 0.5 else np.array([0.0, 1.0])

    monkeypatch.setattr(matching, "_scores", by_loudness)
    found = confusion(model, [alma, quiet, strangers], 160)
    assert found is not None
    np.testing.assert_array_equal(found.counts, [[3, 0], [0, 3]])
    assert confusion(model, [alma, strangers], 160) is None


def test_long_recordings_are_matched_in_pieces_through_the_stream(alma: list[Clip], tmp_path: Path) -> None:
    model = tiny_model()
    long = replace(alma[0], pcm=np.tile(alma[0].pcm, 7)[: 20 * 16_000 + 9_000])  # 10 + 10 s, and too little
    found = confusion(model, [[long], [replace(alma[1], identity="bruno")]], 160)
    assert found is not None
    assert found.counts.sum(1).tolist() == [2, 1]
