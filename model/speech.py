"""Is it speech that is heard? Lips rest while it is keys, music or a fan.

A denoiser that was shown much music still moves a little with it. To tell what is no speech is easier than to make the
right face of it, and a stranger's speech, too, is told from a knock; what a lip must not do is to stop amid a word. So
lips go on for as long as speech was heard within the last second, ever less.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from model.windows import Floats
from protocols import blendshapes

SURE: Final = 0.2
"""Probability of speech from which lips move as far as they would."""
RELEASE_S: Final = 1.0
"""Seconds in which certain speech is forgotten."""
_LIPS: Final = np.isin(np.arange(blendshapes.COUNT), blendshapes.LIPS_27).astype(np.float32)


@dataclass(frozen=True)
class SpeechDetector:
    """From standardised audio features (K, D) of a frame to the probability of speech: one hidden layer of H units."""

    inner: Floats
    """(H, K D)"""
    inner_bias: Floats
    """(H,)"""
    outer: Floats
    """(1, H)"""
    outer_bias: Floats
    """(1,)"""
    rest: Floats
    """(C,): the face of nobody who speaks, before a style's scale and offset."""

    def probability(self, audio: Floats) -> Floats:
        """That of speech in each frame (B, T) of features (B, T, K, D)."""
        hidden = np.maximum(audio.reshape(*audio.shape[:2], -1) @ self.inner.T + self.inner_bias, 0)
        logit = (hidden @ self.outer.T + self.outer_bias)[..., 0]
        probability: Floats = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
        return probability

    def still(self, face: Floats, share: Floats) -> Floats:
        """A face (B, T, C) before its style, its lips by a share (B, T) away from their rest."""
        stilled: Floats = face + (1 - share[..., None]) * _LIPS * (self.rest - face)
        return stilled


def follow(probability: Floats, heard: Floats, fps: int) -> tuple[Floats, Floats]:
    """How much lips move in each frame (B, T) by the probability of speech there, and what is `heard` (B,) then."""
    shares = np.empty_like(probability)
    for frame, now in enumerate(probability.T):
        heard = np.maximum(now, heard - np.float32(1 / (RELEASE_S * fps)))
        shares[:, frame] = np.minimum(heard / SURE, 1)
    return shares, heard
