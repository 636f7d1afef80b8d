"""Optional extras: checks for the packages that a command needs before the command starts."""

from importlib.util import find_spec
from typing import Final

from protocols.errors import FacewireError

TORCH: Final = ("onnx", "torch", "transformers")
"""What the extra `torch` installs."""


def need(extra: str, *modules: str, what: str = "this") -> None:
    """Check that modules of an optional extra are installed, without importing them.

    `what` names the feature that needs them. `extra` is the text between the brackets of `pip install '.[extra]'`;
    several extras are separated by commas. Raises FacewireError with that command if a module is missing.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        *first, last = missing
        names = f"{', '.join(first)} and {last}" if first else last
        raise FacewireError(f"{what} needs {names}: pip install '.[{extra}]'")
