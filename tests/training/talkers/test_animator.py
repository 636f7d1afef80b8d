from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from protocols.blendshapes import INDEX, NAMES
from protocols.errors import FacewireError
from tests.training.talkers.conftest import taught
from tests.training.talkers.speaking import SPEECH, face_of, length_s, utterance
from training.datasets.dataset import Dataset
from training.phones.spoken import Spoken, Timed
from training.phones.table import INDEX as PHONE
from training.phones.table import PHONES, SILENCE
from training.talkers import animator as animators
from training.talkers.animator import CONTEXT, FPS, Animator, shares
from training.talkers.learn import FEWEST, neighbours, of_grid

JAW, PUCKER = INDEX["jawOpen"], INDEX["mouthPucker"]


def test_shares_of_a_frame_add_up() -> None:
    said = Spoken("", "", "", (Timed("s", 0, 160 + 80), Timed("i", 240, 1000)))
    filled = shares(said, 4)
    assert filled.shape == (4 + 2 * CONTEXT, len(PHONES))
    assert filled.sum(1) == pytest.approx(np.ones(len(filled)))
    assert filled[CONTEXT, PHONE["s"]] == pytest.approx(0.5)  # the frame is centred on the first sample
    assert filled[CONTEXT + 1, [PHONE["s"], PHONE["i"]]] == pytest.approx([0.25, 0.75])
    assert filled[[0, -1], PHONE[SILENCE]] == pytest.approx([1, 1])


def test_it_learns_the_face_of_sentences_that_it_never_saw(learnt: Animator) -> None:
    said = utterance(np.random.default_rng(99))
    frames = int(length_s(said) * 25)
    made, real = learnt(said, frames, 25), face_of(said, 25)
    assert made.shape == (frames, len(NAMES))
    assert made.dtype == np.float32
    assert np.corrcoef(made[:, JAW], real[:, JAW])[0, 1] > 0.8
    assert np.corrcoef(made[:, PUCKER], real[:, PUCKER])[0, 1] > 0.8
    assert made[:, PUCKER].std() == pytest.approx(real[:, PUCKER].std(), rel=0.35)


def test_only_the_mouth_that_was_captured_moves(learnt: Animator) -> None:
    assert {name for name, trust in zip(NAMES, learnt.confidence, strict=True) if trust} == {
        "jawOpen", "mouthClose", "mouthPucker"
    }  # fmt: skip
    made = learnt(utterance(np.random.default_rng(5)), 100, FPS)
    assert not made[:, INDEX["browInnerUp"]].any()


def test_frames_of_another_rate_are_the_same_face(learnt: Animator) -> None:
    said = utterance(np.random.default_rng(4), tuple(phone for phone in SPEECH if phone not in "pbmfv"))
    assert learnt(said, 60, 25) == pytest.approx(learnt(said, 120, 50)[::2], abs=1e-5)
    assert len(learnt(said, 7, 60)) == 7


def test_a_long_silence_is_the_resting_face(learnt: Animator) -> None:
    assert learnt(Spoken("", "", "", ()), 50, FPS) == pytest.approx(np.tile(learnt.rest, (50, 1)), abs=1e-6)


def test_the_same_seed_makes_the_same_animator(talks: tuple[Dataset, dict[str, Spoken]]) -> None:
    said = utterance(np.random.default_rng(1))
    assert np.array_equal(taught(talks, 5)(said, 100, FPS), taught(talks, 5)(said, 100, FPS))


def test_what_is_saved_is_loaded(learnt: Animator, tmp_path: Path) -> None:
    learnt.save(tmp_path / "animator.safetensors")
    again, said = animators.load(tmp_path / "animator.safetensors"), utterance(np.random.default_rng(2))
    assert np.array_equal(again(said, 100, FPS), learnt(said, 100, FPS))
    assert again.provenance["data"]["anna"]["set"]["licence"] == "CC0"


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(FacewireError, match="not an animator"):
        animators.load(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("mean", torch.zeros(51)),
        ("rest", torch.zeros(52, dtype=torch.bfloat16)),
        ("stands_for", torch.full((len(PHONES),), len(PHONES))),
        ("stands_for", torch.zeros(3, dtype=torch.int64)),
        ("layers.0.weight", torch.zeros(2, 2)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(learnt: Animator, tmp_path: Path, name: str, wrong: torch.Tensor) -> None:
    path = tmp_path / "animator.safetensors"
    learnt.save(path)
    with safe_open(path, "pt") as file:
        told, tensors = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    save_file(tensors | {name: wrong}, tmp_path / "other.safetensors", told)
    with pytest.raises(FacewireError, match=r"other\.safetensors: not an animator that can be read"):
        animators.load(tmp_path / "other.safetensors")
    save_file(tensors, tmp_path / "other.safetensors", told | {"provenance": "[]"})
    with pytest.raises(FacewireError, match="wrong provenance"):
        animators.load(tmp_path / "other.safetensors")


def test_a_neighbour_stands_for_a_rare_phone() -> None:
    common = [phone for phone in SPEECH if phone not in ("ng", "U")] * FEWEST + ["u", "k"]
    found = neighbours(common)
    assert PHONES[found[PHONE["ng"]]] == "k"
    assert PHONES[found[PHONE["U"]]] == "u"  # and not w, which is no vowel
    assert found[PHONE["sh"]] == PHONE["sh"]


def test_too_little_speech_is_refused() -> None:
    with pytest.raises(FacewireError, match="too little speech"):
        neighbours(["a"] * 100)


def test_a_recording_without_word_times_is_named(talks: tuple[Dataset, dict[str, Spoken]], tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match=r"no clip\d\d\.align"):
        of_grid(talks[0].clips("train")[0], tmp_path)
