from pathlib import Path

import numpy as np
import pytest
from rich.progress import Progress

from model.windows import SAMPLE_RATE_HZ
from protocols.blendshapes import NAMES
from tests.training.talkers.speaking import face_of, length_s, utterance
from training.datasets import dataset
from training.datasets.dataset import Dataset, Found
from training.phones.spoken import Spoken
from training.prepare import importing
from training.talkers.animator import Animator
from training.talkers.learn import learn, lesson

CAPTURED = np.array([name in ("jawOpen", "mouthClose", "mouthPucker", "browInnerUp") for name in NAMES], np.float32)


@pytest.fixture(scope="session")
def talks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, dict[str, Spoken]]:
    """A prepared dataset of a face that follows phones, and what is said in its recordings."""
    folder = tmp_path_factory.mktemp("talks")
    rng, said, found = np.random.default_rng(0), {}, []
    for number in range(40):
        name = f"clip{number:02}"
        said[name] = utterance(rng)
        (folder / f"{name}.txt").write_text(name, encoding="utf-8")
        sound = rng.normal(0, 0.1, int(length_s(said[name]) * SAMPLE_RATE_HZ)).astype(np.float32)
        curves = face_of(said[name], 25)
        found.append(
            Found(
                name, "anna", "CC0", folder / f"{name}.txt", sound, curves, np.ones(len(curves), bool), 25.0, CAPTURED
            )
        )
    with Progress(disable=True) as bar:
        importing.run(lambda _: iter(found), len(found), folder / "set", "a test", bar, in_time=True)
    return dataset.read(folder / "set"), said


@pytest.fixture(scope="session")
def learnt(talks: tuple[Dataset, dict[str, Spoken]]) -> Animator:
    return taught(talks, 120)


def taught(talks: tuple[Dataset, dict[str, Spoken]], steps: int) -> Animator:
    source, said = talks
    with Progress(disable=True) as bar:
        return learn(source, [lesson(clip, said[clip.recording]) for clip in source.clips("train")], 3, bar, steps)


@pytest.fixture
def speech(tmp_path: Path) -> list[Spoken]:
    rng = np.random.default_rng(7)
    return [utterance(rng, each_s=0.08, count=60) for _ in range(4)]
