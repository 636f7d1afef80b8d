"""Training one model with several processes, as `torchrun` starts them: each takes its part of every batch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn

from protocols.errors import FacewireError


def world() -> int:
    """The number of processes that train together; 1 without torchrun."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """The number of this process; process 0 writes the files."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def share(batch: int) -> slice:
    """The part of a batch that belongs to this process. Raises FacewireError if it cannot be divided evenly."""
    if batch % world():
        raise FacewireError(f"a batch of {batch} cannot be shared evenly among {world()} processes; start fewer")
    part = batch // world()
    return slice(rank() * part, (rank() + 1) * part)


def total(value: Tensor) -> Tensor:
    """The sum of a value over all processes, without gradient."""
    value = value.detach()
    if world() > 1:
        value = value.clone()
        distributed.all_reduce(value)
    return value


class SharedDropout(nn.Dropout):
    """Dropout of this process's part (B / processes, …) of a batch, with the mask that one process would draw."""

    def forward(self, x: Tensor) -> Tensor:
        """Dropout of x (B, …)."""
        if not self.training or not self.p:
            return x
        whole = torch.empty((x.shape[0] * world(), *x.shape[1:]), dtype=x.dtype, device=x.device)
        kept = whole.bernoulli_(1 - self.p).div_(1 - self.p)
        return x * kept[share(len(kept))]


def share_dropout(module: nn.Module) -> None:
    """Replace all dropout inside a module by `SharedDropout`."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, SharedDropout(child.p))


@contextmanager
def joined(wanted: str = "") -> Iterator[torch.device]:
    """The device of this process, joined with the processes that torchrun started beside it.

    `wanted`: cpu, cuda or cuda:N; by default a GPU if there is one, a different one for each process. Raises
    FacewireError for a device that does not exist.
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
