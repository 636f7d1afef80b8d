"""Vowels during which the mouth rests."""

import numpy as np

from model.windows import SAMPLE_RATE_HZ
from protocols.blendshapes import COUNT, INDEX
from training.phones.spoken import Spoken, Timed
from training.strangers import vowels

SAID = Spoken("v", "en", "", (Timed("m", 0, 8000), Timed("a", 8000, 40_000), Timed("s", 40_000, 48_000)))
FPS = 50


def test_only_frames_inside_vowels_count() -> None:
    face = np.zeros((150, COUNT), np.float32)
    assert vowels.figures([SAID], [face], FPS) == {"vowels at rest": 1.0}
    begin = int((8000 / SAMPLE_RATE_HZ + 0.06) * FPS)
    face[begin : begin + 47, INDEX["mouthPucker"]] = 0.2
    assert vowels.figures([SAID], [face], FPS) == {"vowels at rest": 0.5}
    face[begin:, INDEX["jawOpen"]] = 0.2
    assert vowels.figures([SAID], [face], FPS) == {"vowels at rest": 0.0}


def test_a_jaw_whose_lips_are_shut_rests() -> None:
    face = np.zeros((150, COUNT), np.float32)
    face[:, INDEX["jawOpen"]] = face[:, INDEX["mouthClose"]] = 0.04
    assert vowels.figures([SAID], [face], FPS) == {"vowels at rest": 1.0}


def test_without_vowels_there_is_no_figure() -> None:
    said = Spoken("v", "en", "", (Timed("m", 0, 8000), Timed("a", 8000, 9000)))
    assert vowels.figures([said], [np.zeros((50, COUNT), np.float32)], FPS) == {}
