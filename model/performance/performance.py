"""Everything of a face and head that the words do not decide: `step` a performance, `combine` it with the lips.

A pure function of (seed, absolute frame, what was heard). What happens is decided frame by frame (`decisions`: blinks,
saccades, nods) and written into tables of events; where everything is then follows in closed form for all frames at
once (`drawing`). So any cut of the frames gives the same to the last bit, and no session depends on its neighbours.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from model.performance import curves, decisions, drawing, head, mood
from model.performance.chance import Values, keys, mixed
from model.performance.decisions import Memory
from model.performance.gaze import Gaze
from model.performance.head import Head
from model.performance.phrases import Phrase
from model.performance.prosody import Prosody
from model.performance.settings import Settings
from model.performance.state import State
from model.windows import Floats
from protocols import blendshapes

AT_ONCE: Final = 64
"""Frames that are computed together, at most: their table of events stays small."""
PERFORMED: Final = blendshapes.indices(
    name for name in blendshapes.NAMES if name.startswith(("eye", "brow", "cheekSquint", "noseSneer"))
)
"""The shapes that a performance replaces; to all others it adds."""


def start(
    seeds: Sequence[int], fps: int, settings: Sequence[Settings], first_frames: Sequence[int] | None = None
) -> State:
    """B new sessions, one seed and settings each, at frame 0 or where their streams begin."""
    mixed_seeds = np.array([mixed(seed % 2**64) for seed in seeds], np.uint64)
    dials = np.stack([mood.dial(each) for each in settings])
    base, memories = np.zeros((len(seeds), len(curves.STEPPED))), []
    for row, each in enumerate(settings):
        facing = head.FACING * each.look_at[0], head.FACING * each.look_at[1]
        base[row, :4] = *each.look_at, *facing
        memories.append(Memory(gaze=Gaze(*each.look_at), head=Head(follow_yaw=facing[0], follow_pitch=facing[1])))
    return State(
        fps=fps,
        next_frames=np.array(first_frames or [0] * len(seeds), np.int64),
        seeds=mixed_seeds,
        noise=keys(mixed_seeds, len(drawing.WANDERING_S)),
        sides=mood.sides(mixed_seeds),
        memory=np.array([memory.flat() for memory in memories]),
        base=base,
        events=np.zeros((len(seeds), 0, curves.COLUMNS)),
        dial_from=dials,
        dial_to=dials,
        dial_s=np.full(len(seeds), -mood.FADE_S),
    )


def jump(state: State, frames: Sequence[int]) -> State:
    """Go on at later frames with the same face and no memory of the voice: the sound between was lost."""
    rows = []
    for row in state.memory.tolist():
        memory = decisions.remembered(row)
        voice = Phrase(talking=memory.voice.talking, arousal=memory.voice.arousal)
        rows.append(memory._replace(voice=voice, other=Phrase()).flat())
    return replace(state, next_frames=np.array(frames, np.int64), memory=np.array(rows))


def step(
    state: State,
    heard: Prosody,
    settings: Sequence[Settings],
    mouth: Floats | None = None,
    other: Prosody | None = None,
) -> tuple[State, Floats, Floats]:
    """Perform the next T frames of B sessions.

    `heard` is each session's own voice (B, T), `settings` are theirs, `mouth` (B, T, 52) the face that the sound made,
    `other` the voice of whom they listen to. Returns the next state, weights (B, T, 52) for `combine`, and the pose
    (B, T, 10): head yaw, pitch, roll (degrees), x, y, z (metres), left eye yaw, pitch, right eye yaw, pitch (degrees);
    positive yaw is to the face's own right, pitch down, roll onto its right shoulder, x right, y up, z forward.
    """
    frames = heard.shape[1]
    state = _dialled(state, settings)
    own, others = heard.sounds(), None if other is None else other.sounds()
    weights = np.empty((len(settings), frames, blendshapes.COUNT), np.float32)
    pose = np.empty((len(settings), frames, drawing.POSE), np.float32)
    for begin in range(0, frames, AT_ONCE):
        some = slice(begin, min(begin + AT_ONCE, frames))
        face = None if mouth is None else mouth[:, some]
        sounds = [voice[some] for voice in own]
        theirs = None if others is None else [voice[some] for voice in others]
        state, weights[:, some], pose[:, some] = _some(state, sounds, settings, face, theirs)
    return state, weights, pose


def combine(face: Floats, weights: Floats, performed: Sequence[int] = PERFORMED) -> Floats:
    """A face (B, T, 52) that the sound made, with a performance's weights: replaced where `performed`, else added.

    What is added is a mood's share of the mouth. A checkpoint with real eyes and brows names fewer shapes.
    """
    together = face + weights * (1 - face)
    together[..., list(performed)] = weights[..., list(performed)]
    return together


def _dialled(state: State, settings: Sequence[Settings]) -> State:
    """Settings that were changed begin to fade in at the next frame."""
    dials = np.array([mood.dial(each) for each in settings])
    if np.array_equal(dials, state.dial_to):
        return state
    changed = (dials != state.dial_to).any(1)
    now_s = state.next_frames / state.fps
    at = drawing.dialled(state, now_s[:, None])[:, 0]
    return replace(
        state,
        dial_from=np.where(changed[:, None], at, state.dial_from),
        dial_to=dials,
        dial_s=np.where(changed, now_s, state.dial_s),
    )


def _some(
    state: State,
    own: Sequence[Sequence[decisions.Sound]],
    settings: Sequence[Settings],
    mouth: Floats | None,
    others: Sequence[Sequence[decisions.Sound]] | None,
) -> tuple[State, Values, Values]:
    count, firsts = len(own[0]), state.next_frames.tolist()
    bases, rows, memories, cues = [], [], [], []
    lines = zip(state.base.tolist(), state.events.tolist(), state.memory.tolist(), state.seeds.tolist(), strict=True)
    for session, (base, events, memory, seed) in enumerate(lines):
        first, manner = firsts[session], mood.manner(settings[session])
        base, events = curves.going_on(base, events, first / state.fps)
        remembered, told = decisions.remembered(memory), []
        for frame in range(count):
            theirs = None if others is None else others[session][frame]
            remembered, begun, cue = decisions.decide(
                remembered, first + frame, state.fps, seed, manner, own[session][frame], theirs
            )
            events += begun
            told.append((cue.talking, cue.arousal))
        bases.append(base)
        rows.append(events)
        memories.append(remembered.flat())
        cues.append(told)
    reached, table = np.array(bases), curves.pack(rows)
    voice = np.array(cues)
    scene = drawing.Scene(
        (state.next_frames[:, None] + np.arange(count)) / state.fps,
        voice[..., :1],
        voice[..., 1:],
        None if mouth is None else mouth.astype(np.float64),
    )
    weights, pose = drawing.draw(state, reached, table, scene)
    after = state.next_frames + count
    return replace(state, next_frames=after, base=reached, events=table, memory=np.array(memories)), weights, pose
