"""A person from one recording: what is learnt of them, what stays as it is, and that habits are found again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from rich.progress import Progress
from safetensors import safe_open

from model import identity_file, stream
from model.face import FaceModel
from model.identity_file import Identity
from model.torch_runtime import TorchRuntime
from protocols import blendshapes
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model, tiny_runtime
from tests.training.enroll import performer
from training.datasets.clip_files import pcm_of
from training.datasets.clips import Clip
from training.enroll import enrol
from training.enroll.enrol import ENROLLED, Enrolled

pytestmark = pytest.mark.slow

SECONDS = 36
SOUND = performer.sound(SECONDS)
MOUTH = [index for index, name in enumerate(blendshapes.NAMES) if name.startswith("mouth")]
UNSEEN = [blendshapes.INDEX[name] for name in ("mouthFunnel", "browDownLeft")]
LEFT_BROW = blendshapes.INDEX["browOuterUpLeft"]


def habits(face: np.ndarray) -> np.ndarray:
    planted = face.copy()
    planted[:, MOUTH] *= 0.6
    planted[:, LEFT_BROW] += 0.1
    return np.clip(planted, 0, 1)


def enrolled(model: FaceModel, face: np.ndarray) -> Enrolled:
    captured = np.ones(52, np.float32)
    captured[UNSEEN] = 0
    clip = Clip("take", "vera", pcm_of(SOUND), face, np.ones(len(face), bool), performer.FPS, captured, 0.0)
    with Progress(disable=True) as bar:
        return enrol.by_face(model, clip, "vera", {"source": "npz"}, Path("take.npz"), 0, bar)


def calm_model() -> FaceModel:
    """Its brows move as little as those of people, so that where they rest can be seen."""
    model = tiny_model()
    model.face_std[list(blendshapes.REGIONS["brows"])] = 0.03
    return model


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return calm_model()


@pytest.fixture(scope="module")
def vera(model: FaceModel) -> Enrolled:
    """Somebody who moves as alma does in another performance, but for her habits."""
    return enrolled(model, habits(stream.render(TorchRuntime(model), SOUND, identity="alma", seed=5).weights))


def test_planted_habits_are_found_again(model: FaceModel, vera: Enrolled) -> None:
    runtime = TorchRuntime(model)
    library = runtime.library.enrolled(vera.identity)
    unheard = performer.sound(12, seed=7)
    alma = stream.render(runtime, unheard, identity="alma", seed=9).weights
    made = stream.render(runtime, unheard, identity="vera", seed=9, library=library).weights
    wanted = habits(alma)
    moving = [index for index in MOUTH if index not in UNSEEN and alma[:, index].std() > 0.01]
    ratio = made[:, moving].std(0) / alma[:, moving].std(0)
    assert len(moving) > 15
    assert np.median(ratio) == pytest.approx(0.6, abs=0.1)
    assert (made - alma)[:, LEFT_BROW].mean() == pytest.approx(0.1, abs=0.04)
    other = blendshapes.INDEX["browOuterUpRight"]
    assert abs((made - alma)[:, other].mean()) < 0.04
    lips = list(blendshapes.LIPS_27)
    assert np.abs(made - wanted)[:, lips].mean() < 0.5 * np.abs(alma - wanted)[:, lips].mean()
    told = vera.figures
    assert told[ENROLLED]["lip error 27"] < 0.6 * min(told[each]["lip error 27"] for each in told if each != ENROLLED)
    assert vera.identity.told["held_out"][ENROLLED]["lip error 27"] == round(told[ENROLLED]["lip error 27"], 4)


def test_who_moves_like_somebody_known_begins_with_their_scale_and_offset() -> None:
    model = calm_model()
    model.identities.scale[0] = 0.6
    model.identities.offset[0] = 0.15
    found = enrolled(model, stream.render(TorchRuntime(model), SOUND, identity="alma", seed=5).weights)
    assert found.identity.told["nearest"] == "alma"
    np.testing.assert_array_equal(found.identity.scale[UNSEEN], np.float32(0.6))
    np.testing.assert_array_equal(found.identity.offset[UNSEEN], np.float32(0.15))
    assert np.median(found.identity.scale) == pytest.approx(0.6, abs=0.06)
    assert found.figures["alma"]["lip error 27"] < 0.5 * found.figures["unknown"]["lip error 27"]
    assert found.figures[ENROLLED]["lip error 27"] < 0.01


def test_channels_that_were_not_captured_stay_as_they_are(vera: Enrolled) -> None:
    assert (vera.identity.scale[UNSEEN] == 1).all()
    assert not vera.identity.offset[UNSEEN].any()
    assert vera.identity.scale[blendshapes.INDEX["mouthPucker"]] < 0.8


def test_what_is_shown_is_the_face_that_a_stream_makes(model: FaceModel, vera: Enrolled) -> None:
    runtime = TorchRuntime(model)
    face = stream.render(runtime, SOUND, identity="vera", library=runtime.library.enrolled(vera.identity)).weights
    (stretch,) = enrol.Parts(len(face), performer.FPS).stretches()
    np.testing.assert_allclose(vera.after[0].made, face[stretch], atol=1e-3)


def test_the_checkpoint_and_everyone_else_stay_as_they_are(vera: Enrolled) -> None:
    before, after = TorchRuntime(calm_model()), calm_model()
    enrolled(after, stream.render(before, SOUND, identity="bruno").weights)
    assert all(torch.equal(value, after.state_dict()[name]) for name, value in before.model.state_dict().items())
    runtime = TorchRuntime(after)
    library = runtime.library.enrolled(vera.identity)
    for name in ("alma", "bruno", None):
        face = stream.render(runtime, SOUND[:32_000], identity=name, library=library).weights
        np.testing.assert_array_equal(face, stream.render(before, SOUND[:32_000], identity=name).weights)


def test_the_same_seed_makes_the_same_file(model: FaceModel, vera: Enrolled, tmp_path: Path) -> None:
    face = habits(stream.render(TorchRuntime(model), SOUND, identity="alma", seed=5).weights)
    identity_file.save(enrolled(model, face).identity, tmp_path / "again")
    identity_file.save(vera.identity, tmp_path / "vera")
    assert (tmp_path / "vera").read_bytes() == (tmp_path / "again").read_bytes()


def test_a_file_is_small_and_of_this_checkpoint_alone(model: FaceModel, vera: Enrolled, tmp_path: Path) -> None:
    path = tmp_path / f"vera{identity_file.SUFFIX}"
    identity_file.save(vera.identity, path)
    assert path.stat().st_size < 10_000
    again: Identity = identity_file.require(identity_file.read(path), path, TorchRuntime(model).fingerprint)
    np.testing.assert_allclose(np.linalg.norm(again.voice), 1, atol=1e-5)
    np.testing.assert_allclose(
        again.features, model.identities(torch.from_numpy(again.embedding)[None])[0].numpy(), atol=1e-6
    )
    with safe_open(path, "np") as file:
        assert "take.npz" not in str(file.metadata())
    with pytest.raises(FacewireError, match="enrolled for another checkpoint"):
        identity_file.require(again, path, tiny_runtime(seed=1).fingerprint)


def test_a_checkpoint_without_voices_enrols_a_face_without_one(vera: Enrolled) -> None:
    plain = calm_model()
    plain.config = plain.config.model_copy(update={"voice": None})
    plain.voice = None
    plain.identities.voices = plain.identities.voices[:, :0]
    runtime = TorchRuntime(plain)
    found = enrolled(plain, stream.render(runtime, SOUND, identity="alma").weights)
    assert found.identity.voice.shape == (0,)
    library = runtime.library.enrolled(found.identity)
    assert np.isfinite(stream.render(runtime, SOUND[:16_000], identity="vera", library=library).weights).all()


def test_a_voice_alone_is_a_mixture_of_those_it_is_like(model: FaceModel, vera: Enrolled) -> None:
    with Progress(disable=True) as bar:
        made, shares, likeness = enrol.by_voice(model, SOUND, "vera", {"source": "audio"}, Path("a.flac"), bar)
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(made.voice, vera.identity.voice, atol=1e-4)
    nearer = max(shares, key=lambda name: shares[name])
    own = TorchRuntime(model).library.voices @ made.voice
    assert nearer == ("alma", "bruno")[int(own.argmax())]
    assert likeness == pytest.approx(own.max(), abs=1e-4)
    np.testing.assert_allclose(made.scale, 1, atol=1e-6)
    assert not made.offset.any()
    mixed = np.array(list(shares.values()), np.float32) @ model.identities.embeddings.numpy()
    np.testing.assert_allclose(made.embedding, mixed, atol=0.01)


def test_a_voice_alone_needs_a_checkpoint_that_tells_voices_apart() -> None:
    plain = tiny_model()
    plain.voice = None
    with Progress(disable=True) as bar, pytest.raises(FacewireError, match="facewire-train voices teach"):
        enrol.by_voice(plain, SOUND, "vera", {}, Path("a.flac"), bar)
