"""Identities, the checkpoint's own and enrolled ones; identity files that do not fit a checkpoint are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from model import identity_file, stream
from model.identity_file import Identity
from model.torch_runtime import TorchRuntime
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model, tiny_runtime

SOUND = (np.random.default_rng(0).standard_normal(16_000) * 0.2).astype(np.float32)


@pytest.fixture(scope="module")
def runtime() -> TorchRuntime:
    return tiny_runtime()


def carla(runtime: TorchRuntime, **changed: object) -> Identity:
    rng = np.random.default_rng(1)
    identity = Identity(
        "carla",
        runtime.fingerprint,
        embedding=rng.standard_normal(32).astype(np.float32),
        features=runtime.library.styles[0, :16] * 2,
        scale=np.full(52, 0.5, np.float32),
        offset=np.full(52, 0.1, np.float32),
        voice=np.eye(4, dtype=np.float32)[2],
        told={"minutes": 2},
    )
    return replace(identity, **changed)  # type: ignore[arg-type]


def test_one_more_identity_changes_no_other(runtime: TorchRuntime) -> None:
    library = runtime.library.enrolled(carla(runtime))
    assert library.names == ("alma", "bruno", "carla")
    for name in ("alma", None):
        before = stream.render(runtime, SOUND, identity=name).weights
        np.testing.assert_array_equal(stream.render(runtime, SOUND, identity=name, library=library).weights, before)


def test_scale_and_offset_are_those_of_the_face_that_the_denoiser_makes() -> None:
    model = tiny_model()
    model.face_std.fill_(0.02)  # all it makes is within [0, 1]
    runtime = TorchRuntime(model)
    same = carla(runtime, features=runtime.library.styles[0, :16])
    made = stream.render(runtime, SOUND, identity="carla", library=runtime.library.enrolled(same)).weights
    np.testing.assert_allclose(made, stream.render(runtime, SOUND, identity="alma").weights * 0.5 + 0.1, atol=1e-6)


def test_a_face_is_cut_to_what_blendshapes_can_be_once_it_is_someones() -> None:
    model = tiny_model()
    model.face_std.fill_(2.0)  # most of what the denoiser makes is beyond [0, 1]
    model.identities.scale[0] = 0.1
    model.identities.offset[0] = 0.45
    runtime = TorchRuntime(model)
    face = stream.render(runtime, SOUND, identity="alma").weights
    assert 0 < face.min() < face.max() < 1
    assert np.mean((face < 0.44) | (face > 0.56)) > 0.2  # as far as the denoiser goes, not as far as [0, 1] does
    assert np.isin(stream.render(runtime, SOUND).weights, (0, 1)).mean() > 0.2
    ones, zeros = np.ones(52, np.float32), np.zeros(52, np.float32)
    np.testing.assert_array_equal(runtime.library.styles[-1, -104:], np.concatenate([ones, zeros]))


def test_an_identity_enrolled_again_takes_its_place(runtime: TorchRuntime) -> None:
    once = runtime.library.enrolled(carla(runtime))
    twice = once.enrolled(carla(runtime, scale=np.full(52, 0.25, np.float32)))
    assert twice.names == once.names
    assert twice.styles[2, 16] == 0.25
    assert once.styles[2, 16] == 0.5


def test_strength_blends_between_everyone_and_one(runtime: TorchRuntime) -> None:
    library = runtime.library
    np.testing.assert_array_equal(library.style(0, 0), library.styles[-1])
    np.testing.assert_allclose(library.style(0, 1), library.styles[0], atol=1e-6)
    far, near = (np.linalg.norm(library.style(0, strength) - library.styles[-1]) for strength in (1.5, 0.5))
    assert far == pytest.approx(3 * near, rel=1e-5)
    faces = [stream.render(runtime, SOUND, identity="alma", strength=strength).weights for strength in (0, 1, 1.5)]
    np.testing.assert_allclose(faces[0], stream.render(runtime, SOUND).weights, atol=1e-6)
    assert np.abs(faces[2] - faces[0]).mean() > np.abs(faces[1] - faces[0]).mean() > 0


def test_a_file_is_small_and_says_all(runtime: TorchRuntime, tmp_path: Path) -> None:
    path, identity = tmp_path / "carla.identity.safetensors", carla(runtime)
    identity_file.save(identity, path)
    assert path.stat().st_size < 10_000
    again = identity_file.read(path)
    assert (again.name, again.checkpoint, again.told) == ("carla", runtime.fingerprint, {"minutes": 2})
    for name in ("embedding", "features", "scale", "offset", "voice"):
        np.testing.assert_array_equal(getattr(again, name), getattr(identity, name))
    assert identity_file.require(again, path, runtime.fingerprint) is again


def test_another_checkpoint_refuses_it(runtime: TorchRuntime, tmp_path: Path) -> None:
    other = tiny_runtime(seed=1).fingerprint
    with pytest.raises(FacewireError, match=r"enrolled for another checkpoint.*`facewire-train enroll carla`"):
        identity_file.require(carla(runtime), tmp_path, other)
    of_take = replace(carla(runtime), told={"take": ["--npz", "carla 1.npz", "--audio", "carla.wav"]})
    with pytest.raises(FacewireError, match=r"enroll carla --npz 'carla 1.npz' --audio carla.wav`"):
        identity_file.require(of_take, tmp_path, other)


@pytest.mark.parametrize("damage", ["text", "cut", "nan", "stranger", "name", "missing", "large"])
def test_what_is_no_identity_is_refused(runtime: TorchRuntime, tmp_path: Path, damage: str) -> None:
    path, identity = tmp_path / "carla.identity.safetensors", carla(runtime)
    identity_file.save(identity, path)
    if damage == "text":
        path.write_text("hello", encoding="utf-8")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "nan":
        identity_file.save(replace(identity, scale=identity.scale * np.float32(np.nan)), path)
    elif damage == "stranger":
        save_file({"x": np.zeros(3)}, path)
    elif damage == "name":
        identity_file.save(replace(identity, name="../up"), path)
    elif damage == "large":
        path.write_bytes(bytes(100_000))
    else:
        path.unlink()
    with pytest.raises(FacewireError, match=r"carla\.identity\.safetensors|identity name"):
        identity_file.read(path)


@pytest.mark.parametrize("name", ["", "auto", "Unknown", "a/b", "..", "x" * 65, "-flag"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(FacewireError, match="identity name"):
        identity_file.check_name(name)
