import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image, pyplot
from matplotlib.figure import Figure

from protocols import blendshapes
from tests.model.tiny import tiny_model
from tests.training.people import person
from training.datasets.clips import Clip
from training.judge import plots
from training.judge.metrics import JAW, Pair
from training.judge.report import write_figures
from training.judge.tables import Column, Value

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return person(tmp_path_factory.mktemp("alma"), "alma", "train", clips=3)


def column(error: float) -> Column:
    return {"lip error 27": Value(error, 0.001), "jaw r": Value(0.8), "closure recall": Value(0.9, 0.01)}


def test_several_lookaheads_are_drawn_and_one_is_not(tmp_path: Path, clips: list[Clip]) -> None:
    scale = {"mean face": {"lip error 27": Value(0.5)}}
    write_figures(tmp_path / "dial", {0: column(0.3), 160: column(0.2)}, scale, tiny_model(), clips)
    assert image.imread(tmp_path / "dial" / "lookahead.png").shape[1] > 900  # three figures in a row
    assert list(json.loads((tmp_path / "dial" / "figures.json").read_text(encoding="utf-8"))) == [
        "0 ms",
        "160 ms",
        "mean face",
    ]
    write_figures(tmp_path / "one", {160: column(0.2)}, scale, tiny_model(), clips)
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        "figures.json", "figures.md", "curves.png", "shapes.png", "spectrum.png",
    }  # fmt: skip


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """What is drawn, instead of its files."""
    drawn: list[Figure] = []
    monkeypatch.setattr(plots, "save", lambda figure, path, title: drawn.append(figure))
    yield drawn
    for figure in drawn:
        pyplot.close(figure)


def test_the_dial_is_drawn_as_it_was_found(tmp_path: Path, figures: list[Figure]) -> None:
    without_words = {ms: {"lip error 27": Value(error), "jaw r": Value(0.8)} for ms, error in ((240, 0.2), (0, 0.3))}
    plots.lookahead(tmp_path / "lookahead.png", without_words)
    error, jaw = figures[0].axes
    assert error.get_xlabel() == "lookahead, ms"
    assert error.get_ylabel().startswith("lip error 27")
    assert jaw.get_ylabel().startswith("jaw r")
    np.testing.assert_allclose(error.lines[0].get_xydata(), [[0, 0.3], [240, 0.2]])


def test_the_closure_curve_and_its_onsets_are_drawn(tmp_path: Path, figures: list[Figure]) -> None:
    made = np.zeros((60, 52), np.float32)
    made[:, JAW], made[:, blendshapes.INDEX["mouthClose"]] = 0.5, 0.2
    pair = Pair(made, made + 0.1, np.ones(52, bool), (0.4, 1.2, 9.0))
    plots.curves(tmp_path / "curves.png", {"a": pair, "b": replace(pair, onsets_s=())}, 30, "")
    row = figures[0].axes[2 * plots.SHAPES.index(plots.CLOSURE)]
    assert row.get_ylabel() == "jawOpen\n- mouthClose"
    recorded, facewire, *onsets = row.lines
    np.testing.assert_allclose(facewire.get_ydata(), 0.3, atol=1e-6)
    np.testing.assert_allclose(recorded.get_ydata(), 0.3, atol=1e-6)
    assert [line.get_xdata()[0] for line in onsets] == [0.4, 1.2]  # what is cut off is not marked
