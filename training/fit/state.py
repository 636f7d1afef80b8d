"""The state from which a run continues: weights, optimiser and step in one safetensors file, no pickle."""

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from protocols.files import complete_or_not_at_all

_ADAM = ("step", "exp_avg", "exp_avg_sq")


def save(path: Path, module: nn.Module, optimizer: Optimizer, step: int) -> None:
    """Write everything that the next step of an Adam run depends on, complete or not at all."""
    tensors = {f"module.{name}": value for name, value in module.state_dict().items()}
    for name, parameter in module.named_parameters():
        for value in _ADAM:
            if parameter in optimizer.state:
                tensors[f"{value}.{name}"] = optimizer.state[parameter][value]
    with complete_or_not_at_all(path) as partial:
        save_file({name: value.contiguous() for name, value in tensors.items()}, partial, {"step": str(step)})


def load(path: Path, module: nn.Module, optimizer: Optimizer) -> int:
    """Restore what `save` wrote; returns the step."""
    tensors, step = _read(path)
    prefix = "module."
    module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    for name, parameter in module.named_parameters():
        if f"{_ADAM[0]}.{name}" in tensors:
            count, *means = (tensors[f"{value}.{name}"] for value in _ADAM)
            optimizer.state[parameter] = dict(
                zip(_ADAM, [count, *(m.to(parameter.device) for m in means)], strict=True)
            )
    return step


def weights(path: Path, module: nn.Module, name: str) -> int:
    """Load the weights of the part that was called `name` into a module; returns the step."""
    prefix = f"module.{name}."
    tensors, step = _read(path, prefix)
    module.load_state_dict({key.removeprefix(prefix): value for key, value in tensors.items()})
    return step


def _read(path: Path, prefix: str = "") -> tuple[dict[str, Tensor], int]:
    """The tensors whose names have this prefix, and the step.

    They are copies: safetensors maps the file into memory, and Windows does not replace a file that is mapped.
    """
    with safe_open(path, "pt") as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
        return {name: file.get_tensor(name).clone() for name in names}, int(file.metadata()["step"])
