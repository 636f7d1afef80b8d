"""The size of somebody unknown: fitted in their speech, while identities stay as they are."""

from pathlib import Path

import numpy as np
import pytest
from rich.progress import Progress

from model import stream
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from protocols.blendshapes import COUNT, INDEX
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from training.phones import spoken
from training.phones.spoken import Spoken, Timed
from training.talkers import size

JAW, CLOSE, PUCKER = INDEX["jawOpen"], INDEX["mouthClose"], INDEX["mouthPucker"]


@pytest.fixture(scope="module")
def model() -> FaceModel:
    made = tiny_model()
    made.face_mean.fill_(0.2)
    made.face_std.fill_(0.02)
    return made


def recording(folder: Path, phones: tuple[Timed, ...]) -> list[Path]:
    sound = 0.2 * np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    spoken.record(folder / "one.flac", sound.clip(-1, 1), Spoken("noise", "en", "", phones))
    return spoken.recordings(folder)


def test_a_shape_gets_the_size_that_it_is_to_have(model: FaceModel, tmp_path: Path) -> None:
    those = recording(tmp_path, (Timed("a", 8000, 24_000),))
    own = size.sizes(model, those, Progress(disable=True))
    fitted = size.resized(model, size.factors(own))
    after = size.sizes(fitted, those, Progress(disable=True))
    assert after[PUCKER] == pytest.approx(size.wanted()["mouthPucker"], rel=0.05)
    assert after[JAW] == pytest.approx(size.wanted()["jawOpen"], rel=0.05)
    assert after[CLOSE] / own[CLOSE] == pytest.approx(after[JAW] / own[JAW], rel=0.05)


def test_identities_stay_as_they_are(model: FaceModel) -> None:
    sound = 0.2 * np.random.default_rng(1).standard_normal(16_000).astype(np.float32)
    fitted = size.resized(model, np.linspace(0.5, 2, COUNT).astype(np.float32))
    before, after, stranger = (
        stream.render(TorchRuntime(each), sound, identity=name).weights
        for each, name in ((model, "alma"), (fitted, "alma"), (fitted, None))
    )
    np.testing.assert_allclose(before, after, atol=1e-5)
    assert np.abs(stranger - after).max() > 0.05


def test_nothing_is_made_much_larger() -> None:
    tiny = size.factors(np.full(COUNT, 1e-4, np.float32))
    assert tiny.max() == size.FURTHEST
    assert size.factors(np.zeros(COUNT, np.float32)).max() == 1


def test_silence_has_no_size(model: FaceModel, tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="nobody speaks"):
        size.sizes(model, recording(tmp_path, ()), Progress(disable=True))
