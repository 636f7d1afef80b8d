"""The shipped face of four synthetic voices in four languages, which no part of it ever heard."""

from pathlib import Path

import numpy as np
import pytest

from model import checkpoint, stream
from model.torch_runtime import TorchRuntime
from training.phones import spoken
from training.strangers import closures
from training.strangers.shapes import values

FOLDER = Path(__file__).parent / "unheard"


@pytest.mark.slow
def test_lips_close_and_open_for_people_whom_nobody_trained_on() -> None:
    runtime = TorchRuntime(checkpoint.load())
    heard = spoken.sound_and_phones(spoken.recordings(FOLDER))
    faces = [stream.render(runtime, samples).weights for samples, _ in heard]
    figures = closures.figures(closures.measured([said for _, said in heard], faces, runtime.config.fps))
    assert figures["closures"] == 32
    assert figures["closure recall"] >= 0.7
    assert figures["closure depth"] >= 0.9
    assert figures["open vowels closed"] <= 0.6
    for shape, least in (("jawOpen", 0.25), ("mouthFunnel", 0.1), ("mouthLowerDown", 0.16), ("mouthUpperUp", 0.13)):
        assert np.percentile(values(np.concatenate(faces), shape), 95) > least, shape
