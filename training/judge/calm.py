"""Whether the mouth rests while nobody speaks, and whether the loudness of speech matters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from model import stream
from model.face import FaceModel
from model.torch_runtime import TorchRuntime
from model.windows import SAMPLE_RATE_HZ, Samples
from protocols import blendshapes
from training.datasets.clip_files import pcm_of
from training.datasets.clips import Clip, Curves, beginning
from training.judge import metrics
from training.judge.animate import animate, pair
from training.judge.not_speech import fan, keyboard, music, white
from training.sounds.augment import at_level

NOISE_DBFS: Final = (-60, -40)
SOUNDS: Final[Mapping[str, Callable[[int, np.random.Generator], Samples]]] = {
    "white noise": white,
    "fan": fan,
    "keyboard": keyboard,
    "music": music,
}
"""Sounds without speech."""
LEVELS_DBFS: Final = (-60, -40, -20)
"""Levels (RMS over 10 s) of each of them."""
SOUND_S: Final = 10
RECORDED_S: Final = 60
"""Longest part used of a recorded sound."""
SETTLED_S: Final = 2
"""Time within a sound until the mouth has to rest."""
GAINS_DB: Final = (-40, -20)
SPEECH_S: Final = 200
"""Most speech whose loudness is changed."""
START_S: Final = 1
"""The first second of a stream, in which its level is not always known."""


def calm_figures(
    model: FaceModel, clips: Sequence[Clip], lookahead_ms: int, recorded: Mapping[str, Samples] = MappingProxyType({})
) -> dict[str, float]:
    """How far the mouth rests in sounds without speech, and how much the loudness of speech matters.

    `mouth moves in …`: `motion` in a sound, without its first 2 s, relative to that of the same checkpoint's face of
    the clips; `jaw in …`: mean jawOpen there. Both with the same identity. Sounds are synthetic, or `recorded`: of
    those the first `RECORDED_S`, at their own level. For the rest see `loudness_figures`.
    """
    speech = beginning(clips, SPEECH_S)
    own = animate(model, speech, seed=0, lookahead_ms=lookahead_ms)
    sounds = resting_sounds(clips[0], recorded)
    faces = animate(model, list(sounds.values()), seed=0, lookahead_ms=lookahead_ms)
    rests = {name: face[SETTLED_S * model.config.fps :] for name, face in zip(sounds, faces, strict=True)}
    talking = motion(own)
    found = {f"mouth moves in {name}": motion([face]) / max(talking, 1e-9) for name, face in rests.items()}
    found |= {f"jaw in {name}": float(face[:, metrics.JAW].mean()) for name, face in rests.items()}
    return found | loudness_figures(model, speech, own, lookahead_ms)


def loudness_figures(
    model: FaceModel, speech: Sequence[Clip], own: Sequence[Curves], lookahead_ms: int
) -> dict[str, float]:
    """How far the face of speech played at another loudness is from its `own` face (`difference`).

    At each gain, and with each clip's peak at 0 dBFS; over all frames, and without the start of each clip: until its
    first word a stream's level is not known. Also lip error 27 at the lowest gain.
    """
    fps = model.config.fps
    played = {f"at {gain_db} dB": [replace(clip, gain_db=gain_db) for clip in speech] for gain_db in GAINS_DB}
    played["with peaks at 0 dBFS"] = [replace(clip, gain_db=_headroom_db(clip)) for clip in speech]
    faces = {name: animate(model, louder, seed=0, lookahead_ms=lookahead_ms) for name, louder in played.items()}
    found: dict[str, float] = {}
    for name, made in faces.items():
        found[f"mouth differs {name}"] = difference(made, own)
        found[f"mouth differs {name}, after {START_S} s"] = difference(made, own, START_S * fps)
    lowest = f"at {min(GAINS_DB)} dB"
    pairs = [pair(clip, face, fps) for clip, face in zip(speech, faces[lowest], strict=True)]
    found[f"lip error 27 {lowest}"] = float(np.mean([metrics.error(each, blendshapes.LIPS_27) for each in pairs]))
    return found


def motion(faces: Sequence[Curves]) -> float:
    """How much mouths move: mean absolute change between frames of jaw and mouth (27 shapes)."""
    changes = [np.abs(np.diff(face[:, blendshapes.LIPS_27], axis=0)) for face in faces]
    return float(np.concatenate(changes).mean())


def difference(made: Sequence[Curves], own: Sequence[Curves], first: int = 0) -> float:
    """Mean L2 norm over 27 shapes between faces, from frame `first` on, relative to how far `own` moves.

    That is the mean L2 norm between a face and its mean over its clip.
    """
    lips = list(blendshapes.LIPS_27)
    apart = [np.linalg.norm((one - other)[first:, lips], axis=1) for one, other in zip(made, own, strict=True)]
    moved = [np.linalg.norm((face - face.mean(0))[:, lips], axis=1) for face in own]
    return float(np.concatenate(apart).mean() / max(np.concatenate(moved).mean(), 1e-9))


def resting_sounds(person: Clip, recorded: Mapping[str, Samples] = MappingProxyType({})) -> dict[str, Clip]:
    """Digital silence, `SOUNDS` at `LEVELS_DBFS`, and recorded sounds, by their names in the tables.

    Each is played for the same identity.
    """
    length = SOUND_S * SAMPLE_RATE_HZ
    found = {"silence": replace(person, pcm=np.zeros(length, np.int16), gain_db=0.0)}
    for name, make in SOUNDS.items():
        made = at_level(make(length, np.random.default_rng(0)), max(LEVELS_DBFS))
        for dbfs in LEVELS_DBFS:
            found[f"{name} at {dbfs} dBFS"] = replace(person, pcm=pcm_of(made), gain_db=dbfs - max(LEVELS_DBFS))
    for name, sound in recorded.items():
        found[name] = replace(person, pcm=pcm_of(sound[: RECORDED_S * SAMPLE_RATE_HZ]), gain_db=0.0)
    return found


def noise_figures(model: FaceModel, lookahead_ms: int) -> dict[str, float]:
    """Mean jawOpen of the unknown identity in white noise, after the first second."""
    found: dict[str, float] = {}
    for dbfs in NOISE_DBFS:
        drawn = np.random.default_rng(0).standard_normal(10 * SAMPLE_RATE_HZ) * 10 ** (dbfs / 20)
        face = stream.render(TorchRuntime(model), drawn.astype(np.float32), lookahead_ms=lookahead_ms).weights
        found[f"jaw in noise of {dbfs} dBFS"] = float(face[model.config.fps :, metrics.JAW].mean())
    return found


def _headroom_db(clip: Clip) -> float:
    return float(-20 * np.log10(max(np.abs(clip.samples).max(), 1e-6)))
