"""The passages on disk: only what a training step needs is read."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

Shard = Mapping[str, Tensor]
"""audio (P, T, K, D), face and weight (P, T, 52), identity and lookahead (P,)."""


class Passages:
    """The passages of some shards in order. Memory-mapped, they may be larger than memory."""

    def __init__(self, shards: Sequence[Shard], chosen: Sequence[Tensor] = ()) -> None:
        self.shards = shards
        self._chosen = chosen or [torch.arange(len(shard["identity"])) for shard in shards]
        self._ends = list(accumulate(len(rows) for rows in self._chosen))

    @classmethod
    def read(cls, paths: Sequence[Path]) -> "Passages":
        """The passages in safetensors files."""
        return cls([_mapped(path) for path in paths])

    def without(self, identity: int) -> "Passages":
        """All passages but those of one identity, the one with the last index; the other indices stay as they are."""
        kept = [(shard, rows[shard["identity"][rows] != identity]) for shard, rows in self._each()]
        kept = [(shard, rows) for shard, rows in kept if len(rows)]
        return Passages([shard for shard, _ in kept], [rows for _, rows in kept])

    def has(self, identity: int) -> bool:
        """Whether there are passages of an identity; strangers have the index after the last one's."""
        return identity in self._identities

    def __len__(self) -> int:
        """The number of passages."""
        return self._ends[-1]

    @property
    def frames(self) -> int:
        """T: frames of each passage."""
        return self.shards[0]["face"].shape[1]

    def take(self, name: str, chosen: Tensor, inside: slice | None = None) -> Tensor:
        """A tensor's rows for the chosen passages (B,), and of their frames those `inside`."""
        rows = [self._row(name, index) for index in chosen.tolist()]
        return torch.stack(rows if inside is None else [row[inside] for row in rows])

    def pieces(self, *names: str) -> Iterator[tuple[Tensor, ...]]:
        """Some tensors of all passages, a few passages at a time."""
        for shard, chosen in self._each():
            for rows in torch.split(chosen, 64):
                yield tuple(shard[name][rows] for name in names)

    @cached_property
    def _identities(self) -> frozenset[int]:
        return frozenset(index for shard, rows in self._each() for index in shard["identity"][rows].tolist())

    def _each(self) -> Iterator[tuple[Shard, Tensor]]:
        return zip(self.shards, self._chosen, strict=True)

    def _row(self, name: str, index: int) -> Tensor:
        number = bisect_right(self._ends, index)
        return self.shards[number][name][self._chosen[number][index - self._ends[number]]]


def _mapped(path: Path) -> Shard:
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
