"""What a voice does beside the words: loudness, pitch and voicing of each frame, heard in the stream's own windows.

Pitch by the autocorrelation of Boersma (1993): of a Hann window of sound, divided by the window's own, the highest peak
with a small bonus for high pitch, so that it is not taken an octave too low. No state: the windows hold the past.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from model import level
from model.windows import SAMPLE_RATE_HZ, Floats, Samples, WindowSpec

AHEAD_MS: Final = 100
"""How much earlier than the face the voice is heard, within the lookahead: heads and brows begin before an accent."""
LOWEST_HZ: Final = 70.0
HIGHEST_HZ: Final = 400.0
FRAME_MS: Final = 40
SILENCE_DB: Final = -80.0
_KEEP: Final = 4
"""Every so many samples are averaged: pitch needs no more than 4 kHz."""
_RATE_HZ: Final = SAMPLE_RATE_HZ // _KEEP
_LENGTH: Final = FRAME_MS * _RATE_HZ // 1000
_PADDED: Final = 256
_FINER: Final = 2
"""Lags between samples: a high pitch's period is only ten of them."""
_OCTAVE_COST: Final = 0.1
"""Of the autocorrelation, for each octave that a peak is lower (Boersma: .01; with frames this short more)."""
_NO_PEAK: Final = 9.0
"""Taken off where the autocorrelation has no peak."""
_LAGS: Final = np.arange(int(_FINER * _RATE_HZ / HIGHEST_HZ), int(_FINER * _RATE_HZ / LOWEST_HZ) + 2)
_WINDOW: Final = np.hanning(_LENGTH + 2)[1:-1]


@dataclass(frozen=True)
class Prosody:
    """A voice at T frames of B sessions, each (B, T)."""

    loudness_db: Floats
    """Against the loudest of late (`model.level`): about 0 on a stressed vowel, `SILENCE_DB` or more."""
    pitch_hz: Floats
    """Of what is heard there, voice or not."""
    voicing: Floats
    """0 to 1: how periodic it is; above .5 a voice."""
    speech: Floats
    """Probability that somebody speaks."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, T)."""
        return self.loudness_db.shape

    def frames(self, begin: int, end: int) -> Self:
        """Some of the frames."""
        return type(self)(**{name: values[:, begin:end] for name, values in vars(self).items()})

    def gated(self, openness: Floats) -> Self:
        """The voice that is left where a gate is open only so far (B, T), 0 to 1."""
        return replace(self, speech=self.speech * openness, voicing=self.voicing * openness)

    def sounds(self) -> list[list[list[float]]]:
        """The four numbers of each frame of each session."""
        values = np.array([self.loudness_db, self.pitch_hz, self.voicing, self.speech])
        sounds: list[list[list[float]]] = values.transpose(1, 2, 0).tolist()
        return sounds


def listen(window: WindowSpec, levelled: Samples, fps: int, speech: Floats | None = None) -> Prosody:
    """The voice in windows (B, H, samples) that have their level, at H * frames per hop frames.

    `speech` (B, T) is what a detector says; without one, whatever has a pitch counts as speech.
    """
    energy, pitch_hz, voicing = _periods(_frames(window, levelled, fps))
    loudness_db = 10 * np.log10(np.maximum(energy * _POWER, 10 ** ((SILENCE_DB + level.REFERENCE_DB) / 10)))
    shape = (len(levelled), -1)
    heard = np.array([loudness_db - level.REFERENCE_DB, pitch_hz, voicing], np.float32).reshape(3, *shape)
    return Prosody(heard[0], heard[1], heard[2], heard[2] if speech is None else np.asarray(speech, np.float32))


def silence(sessions: int, frames: int) -> Prosody:
    """Nobody speaks."""
    nothing = np.zeros((sessions, frames), np.float32)
    return Prosody(nothing + np.float32(SILENCE_DB), nothing, nothing, nothing)


@lru_cache
def _places(window: WindowSpec, fps: int) -> NDArray[np.int64]:
    """Samples (frames per hop, length) of a decimated window around each frame, `AHEAD_MS` or the lookahead later."""
    centres_ms = window.left_ms + np.arange(window.frames_per_hop(fps)) * 1000 / fps + min(AHEAD_MS, window.right_ms)
    starts = np.round(centres_ms * _RATE_HZ / 1000).astype(np.int64) - _LENGTH // 2
    return np.minimum(starts, window.samples // _KEEP - _LENGTH)[:, None] + np.arange(_LENGTH)


def _frames(window: WindowSpec, levelled: Samples, fps: int) -> NDArray[np.float64]:
    """The sound around all frames (B * H * frames per hop, length), at 4 kHz."""
    places = _places(window, fps)
    begin, end = int(places[0, 0]), int(places[-1, -1]) + 1
    part = levelled[..., begin * _KEEP : end * _KEEP].astype(np.float64)
    kept = (part[..., ::4] + part[..., 1::4] + part[..., 2::4] + part[..., 3::4]) / _KEEP
    around: NDArray[np.float64] = kept[..., places - begin].reshape(-1, _LENGTH)
    return around


def _autocorrelation(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(sound, _PADDED)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    likeness: NDArray[np.float64] = np.fft.irfft(power, _FINER * _PADDED)
    return likeness


_OF_WINDOW: Final = _autocorrelation(_WINDOW)
_SPREAD: Final = (_OF_WINDOW[0] / _OF_WINDOW)[_LAGS[0] - 1 : _LAGS[-1] + 2]
_COSTS: Final = _OCTAVE_COST * np.log2(_LAGS)
_POWER: Final = _FINER / np.square(_WINDOW).sum()
"""Times the energy in a window: mean square."""


def _periods(sound: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Energy, pitch in Hz and voicing (n,) of frames (n, length)."""
    raw = _autocorrelation((sound - np.add.reduce(sound, -1, keepdims=True) / _LENGTH) * _WINDOW)
    energy = np.maximum(raw[:, 0], 1e-9)
    likeness = raw[:, _LAGS[0] - 1 : _LAGS[-1] + 2] * _SPREAD / energy[:, None]
    at = likeness[:, 1:-1]
    worth = at - _COSTS - _NO_PEAK * ((at < likeness[:, :-2]) | (at < likeness[:, 2:]))
    best = worth.argmax(-1)
    rows = np.arange(len(best))
    low, here, high = likeness[rows, best], at[rows, best], likeness[rows, best + 2]
    bend = np.minimum(low - 2 * here + high, -1e-9)
    shift = np.minimum(np.maximum((low - high) / (2 * bend), -0.5), 0.5)
    voicing = np.minimum(np.maximum(here, 0.0), 1.0) * (worth[rows, best] > _NO_PEAK / -2)
    return energy, _FINER * _RATE_HZ / (_LAGS[best] + shift), voicing
