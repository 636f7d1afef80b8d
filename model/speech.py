"""Speech detection: the lips rest while the sound is something else, such as keys, music or a fan.

Even a denoiser that was trained on much music still moves a little with it. Recognising other sounds is easier than
predicting the right face for them, and works for strangers' speech, too. But the lips must never stop in the middle of
a word. So they keep moving if speech was heard within the last second, less and less.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from model.windows import Floats
from protocols import blendshapes

SURE: Final = 0.2
"""Probability of speech from which the lips move fully."""
RELEASE_S: Final = 1.0
"""Seconds after which certain speech is forgotten."""
_LIPS: Final = np.isin(np.arange(blendshapes.COUNT), blendshapes.LIPS_27).astype(np.float32)


@dataclass(frozen=True)
class SpeechDetector:
    """Probability of speech from a frame's standardised audio features (K, D), by one hidden layer of H units."""

    inner: Floats
    """(H, K D)"""
    inner_bias: Floats
    """(H,)"""
    outer: Floats
    """(1, H)"""
    outer_bias: Floats
    """(1,)"""
    rest: Floats
    """(C,): the face when nobody speaks, before a style's scale and offset."""

    def probability(self, audio: Floats) -> Floats:
        """Probability of speech in each frame (B, T), from features (B, T, K, D)."""
        hidden = np.maximum(audio.reshape(*audio.shape[:2], -1) @ self.inner.T + self.inner_bias, 0)
        logit = (hidden @ self.outer.T + self.outer_bias)[..., 0]
        probability: Floats = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
        return probability

    def still(self, face: Floats, share: Floats) -> Floats:
        """Keep a share (B, T) of the lips' motion in a face (B, T, C), before its style; the lips rest at 0."""
        stilled: Floats = face + (1 - share[..., None]) * _LIPS * (self.rest - face)
        return stilled


def follow(probability: Floats, heard: Floats, fps: int) -> tuple[Floats, Floats]:
    """Share of the lips' motion in each frame (B, T), from the probability of speech (B, T).

    `heard` (B,) is the recent probability of speech. It rises at once and falls by 1 in `RELEASE_S`. Also returns it
    after these frames.
    """
    shares = np.empty_like(probability)
    for frame, now in enumerate(probability.T):
        heard = np.maximum(now, heard - np.float32(1 / (RELEASE_S * fps)))
        shares[:, frame] = np.minimum(heard / SURE, 1)
    return shares, heard
