from pathlib import Path

import numpy as np
import pytest

from model.performance import mood
from protocols.blendshapes import INDEX
from protocols.errors import FacewireError
from tests.model.performance.voice import sound
from training.performance import closures, perform
from training.performance.perform import Sound


def test_lips_close_at_the_beginning_of_words_and_at_the_end_of_the_letter_m(tmp_path: Path) -> None:
    path = tmp_path / "clip.flac"
    assert closures.times_s(path) == ()
    lines = ["0 25000 sil", "25000 30000 bin", "30000 35000 red", "35000 40000 m", "40000 45000 please"]
    path.with_suffix(".align").write_text("\n".join(lines), encoding="utf-8")
    assert closures.times_s(path) == (1.0, 1.6, 1.6)
    path.with_suffix(".align").write_text("bin", encoding="utf-8")
    with pytest.raises(FacewireError, match="not a GRID alignment"):
        closures.times_s(path)


def test_a_mood_that_opened_the_mouth_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, voice = perform.opened(None), Sound("voice", sound()[: 16_000 * 2], (0.7, 1.2))
    count, apart, _ = closures.in_moods(runtime, [voice], 0, None)
    assert count.value == 2
    assert apart.good
    assert apart.value < 1e-6
    plain = mood.mouth

    def spoilt(*given: np.ndarray) -> np.ndarray:
        lips = plain(*given)
        lips[..., INDEX["jawOpen"]] += 0.1
        return lips

    monkeypatch.setattr(mood, "mouth", spoilt)
    assert not closures.in_moods(runtime, [voice], 0, None)[1].good
