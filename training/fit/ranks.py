"""Several processes that train one model together, as `torchrun` starts them: each takes its part of every batch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn

from protocols.errors import FacewireError


def world() -> int:
    """How many processes train together; 1 without torchrun."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """The number of this process; 0 is the one that writes."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def share(batch: int) -> slice:
    """What of a batch is this process's. Raises FacewireError for a batch that cannot be cut into equal parts."""
    if batch % world():
        raise FacewireError(f"a batch of {batch} cannot be shared evenly among {world()} processes; start fewer")
    part = batch // world()
    return slice(rank() * part, (rank() + 1) * part)


def total(value: Tensor) -> Tensor:
    """The sum of a value over all processes; no gradient flows through it."""
    value = value.detach()
    if world() > 1:
        value = value.clone()
        distributed.all_reduce(value)
    return value


class SharedDropout(nn.Dropout):
    """Dropout of this process's part (B / processes, …) of a batch: the mask that one process would draw for all."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, …) as it came in."""
        if not self.training or not self.p:
            return x
        whole = torch.empty((x.shape[0] * world(), *x.shape[1:]), dtype=x.dtype, device=x.device)
        kept = whole.bernoulli_(1 - self.p).div_(1 - self.p)
        return x * kept[share(len(kept))]


def share_dropout(module: nn.Module) -> None:
    """Let all dropout inside a module be that of this process's part of the batch."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, SharedDropout(child.p))


@contextmanager
def joined(wanted: str = "") -> Iterator[torch.device]:
    """The device of this process, which is joined with those that torchrun started beside it.

    `wanted`: cpu, cuda or cuda:N; by default a GPU where there is one, for each process its own.
    Raises FacewireError for a device that is not there.
    """
    device = _device(wanted)
    if "RANK" not in os.environ:  # not started by torchrun
        yield device
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        distributed.destroy_process_group()


def _device(wanted: str) -> torch.device:
    if wanted == "cpu" or not (wanted or torch.cuda.is_available()):
        return torch.device("cpu")
    name = wanted if ":" in wanted else f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    number = name.removeprefix("cuda:")
    there = torch.cuda.device_count()
    if wanted.partition(":")[0] not in ("", "cuda") or not number.isdecimal() or int(number) >= there:
        raise FacewireError(f"--device {wanted or name}: expected cpu, or cuda:N of the {there} GPUs that torch sees")
    torch.cuda.set_device(int(number))
    return torch.device(name)
