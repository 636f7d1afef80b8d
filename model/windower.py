"""Cuts sound into windows, cleaned and levelled: the same live and offline, in training and at run time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from model.level import BEFORE_SAMPLES, BLOCK_SAMPLES, FLOOR_DB, Leveller, own_gain
from model.windows import Floats, Samples, WindowSpec


@dataclass(frozen=True)
class Windows:
    """Windows of sound, cleaned and levelled (`model.level`). Indices and `len` are those of its arrays."""

    sound: Samples
    """(…, window samples)."""
    level_db: Floats
    """(…, features + 1): level in dBFS of the blocks of 20 ms that the window consists of; it begins with the last 5 ms
    of the first one."""

    def __getitem__(self, index: Any) -> Self:
        return type(self)(self.sound[index], self.level_db[index])

    def __len__(self) -> int:
        return len(self.sound)

    def __iter__(self) -> Iterator[Self]:
        return (self[index] for index in range(len(self)))

    @classmethod
    def stack(cls, sessions: Sequence[Self]) -> Self:
        """The windows of several sessions, (B, …)."""
        return cls(np.stack([each.sound for each in sessions]), np.stack([each.level_db for each in sessions]))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One after the other, along the first axis."""
        return cls(np.concatenate([each.sound for each in parts]), np.concatenate([each.level_db for each in parts]))

    @property
    def unlevelled(self) -> Samples:
        """The cleaned sound (…, window samples), as loud as it came in."""
        loud: Samples = self.sound * own_gain(self.level_db).repeat(BLOCK_SAMPLES, -1)[..., BEFORE_SAMPLES:]
        return loud


@dataclass(frozen=True)
class Windower:
    """Cuts a stream, fed in pieces of any size, into the windows of the absolute grid.

    An immutable value: `push` returns the next state and the windows. `Windower.at(spec)` starts a stream.
    """

    spec: WindowSpec
    held: Samples
    """(n, 320): blocks from the left edge of window `next_hop` on."""
    level_db: Floats
    """(n,): their levels."""
    next_hop: int
    leveller: Leveller = field(default_factory=Leveller)

    @classmethod
    def at(cls, spec: WindowSpec, hop: int = 0, leveller: Leveller | None = None) -> Self:
        """A stream that starts with hop `hop`, with zeros before it."""
        blocks = spec.left_features
        silence = np.zeros((blocks, BLOCK_SAMPLES), np.float32)
        return cls(spec, silence, np.full(blocks, FLOOR_DB, np.float32), hop, leveller or Leveller(spec.highpass_hz))

    def jump(self, hop: int) -> Self:
        """Continue with another hop, after sound was lost."""
        return self.at(self.spec, hop, self.leveller.interrupted())

    @property
    def end(self) -> int:
        """Absolute index of the next expected sample."""
        blocks = self.next_hop * self.spec.hop_features - self.spec.left_features + len(self.held)
        return blocks * BLOCK_SAMPLES - BEFORE_SAMPLES + len(self.leveller.waiting)

    @property
    def ready(self) -> int:
        """The number of windows that are complete."""
        return max(0, (len(self.held) - self.spec.features - 1) // self.spec.hop_features + 1)

    def turned(self, spec: WindowSpec) -> Self:
        """Go on with another hop or lookahead, where both grids have a hop that begins."""
        return replace(self, spec=spec, next_hop=self.next_hop * self.spec.hop_ms // spec.hop_ms)

    def hear(self, samples: Samples) -> Self:
        """Feed (n,) samples, for any n; returns the next state."""
        leveller, blocks, levels_db = self.leveller.push(samples)
        held, level_db = np.concatenate([self.held, blocks]), np.concatenate([self.level_db, levels_db])
        return replace(self, held=held, level_db=level_db, leveller=leveller)

    def cut(self, hops: int) -> tuple[Self, Windows]:
        """Take out the next windows (hops, …), no more than are ready; returns the next state, too."""
        width, hop = self.spec.features + 1, self.spec.hop_features
        places = np.arange(hops)[:, None] * hop + np.arange(width)
        sound = self.held[places].reshape(hops, width * BLOCK_SAMPLES)[:, BEFORE_SAMPLES:]
        windows, rest = Windows(sound, self.level_db[places]), slice(hops * hop, None)
        held, level_db = self.held[rest].copy(), self.level_db[rest].copy()
        return replace(self, held=held, level_db=level_db, next_hop=self.next_hop + hops), windows

    def push(self, samples: Samples) -> tuple[Self, Windows]:
        """Feed (n,) samples, for any n; returns the next state and all windows that are complete (hops, …)."""
        heard = self.hear(samples)
        return heard.cut(heard.ready)

    def flush(self) -> Windows:
        """The windows (hops, …) of all hops that have begun but are not complete, with silence after the end."""
        begun = max(0, self.spec.hops(self.end) - self.next_hop)
        complete = (self.next_hop + begun - 1) * self.spec.hop_samples + self.spec.latency_samples
        return self.push(self.leveller.end(max(0, complete - self.end)))[1][:begun]


def window_at(spec: WindowSpec, hop: int, levelled: Samples, start: int = 0) -> Samples:
    """The window (window samples,) of a hop, in sound (n,) whose first sample has the index `start`; 0 around it."""
    begin = hop * spec.hop_samples - spec.left_samples - start
    inside = levelled[max(0, begin) : max(0, begin + spec.samples)]
    window = np.zeros(spec.samples, np.float32)
    at = max(0, -begin)
    window[at : at + len(inside)] = inside
    return window


def batches(spec: WindowSpec, samples: Samples, hops: int) -> Iterator[Windows]:
    """The windows of a whole recording (n,), about so many hops at a time: all together may not fit into memory."""
    windower, size = Windower.at(spec), hops * spec.hop_samples
    for begin in range(0, len(samples), size):
        windower, windows = windower.push(samples[begin : begin + size])
        if len(windows):
            yield windows
    if len(last := windower.flush()):
        yield last


def windows_of(spec: WindowSpec, samples: Samples) -> Windows:
    """All windows (hops, …) of a whole recording (n,)."""
    windower, windows = Windower.at(spec).push(samples)
    return Windows.joined([windows, windower.flush()])
