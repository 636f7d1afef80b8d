"""How many phones an encoder tells right on speech whose phones are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.config import EncoderConfig
from model.encoder import Encoder
from model.windower import windows_of
from model.windows import FEATURE_SAMPLES, RECEPTIVE_SAMPLES, Samples, WindowSpec
from protocols.errors import FacewireError
from training.encoder.batches import LEFT_MS
from training.phones import spoken
from training.phones.table import INDEX, PHONES, SILENCE, VISEME_OF

_AT_ONCE = 16


@dataclass(frozen=True)
class Told:
    """Shares of frames told right, in speech and in silence."""

    phones: float
    visemes: float
    silence: float
    """Frames of silence told as such."""
    frames: int
    """Frames of speech."""


def own_windows(config: EncoderConfig) -> WindowSpec:
    """The windows that an encoder was trained on, with the default hop and lookahead.

    One that knows phones was trained on `LEFT_MS` before a hop; others get the default of `WindowSpec`.
    """
    left_ms = LEFT_MS if config.phones else WindowSpec.left_ms
    return WindowSpec(left_ms, highpass_hz=config.highpass_hz)


def told_right(encoder: Encoder, recordings: Sequence[Path]) -> Told:
    """Judge an encoder on recordings with phones beside them, in its own windows and at the level of run time.

    Raises FacewireError for an encoder that knows no phones, or other ones than training does.
    """
    if encoder.config.phones != PHONES:
        raise FacewireError(f"{encoder.config.source}: this encoder tells no phones apart; train one on NAME.phones")
    spec, told, wanted = own_windows(encoder.config), [], []
    for samples, said in spoken.sound_and_phones(recordings):
        told.append(phones_of(encoder, samples, spec).argmax(-1))
        wanted.append(said.at(np.arange(len(told[-1])) * FEATURE_SAMPLES + RECEPTIVE_SAMPLES // 2))
    heard, said_all = np.concatenate(told), np.concatenate(wanted)
    speech, viseme = said_all != INDEX[SILENCE], np.array(VISEME_OF)
    right = heard == said_all
    return Told(
        float(right[speech].mean()),
        float((viseme[heard] == viseme[said_all])[speech].mean()),
        float(right[~speech].mean()),
        int(speech.sum()),
    )


def phones_of(encoder: Encoder, samples: Samples, spec: WindowSpec) -> NDArray[np.float32]:
    """Log-probability of each phone (features, P) in a recording (n,) at 16 kHz."""
    windows = windows_of(spec, samples).sound
    own = slice(spec.left_features, spec.left_features + spec.hop_features)
    with torch.inference_mode():
        made = [encoder.encode(part)[:, own] for part in torch.split(torch.from_numpy(windows), _AT_ONCE)]
    features = torch.cat(made).flatten(0, 1)[..., encoder.config.bottleneck :][:, : len(encoder.config.phones)]
    found: NDArray[np.float32] = features.numpy()
    return found
