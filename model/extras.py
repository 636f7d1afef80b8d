"""The optional extras: what a command needs of them is looked for before the command begins."""

from importlib.util import find_spec
from typing import Final

from protocols.errors import FacewireError

TORCH: Final = ("onnx", "torch", "transformers")
"""What the extra `torch` installs."""


def need(extra: str, *modules: str, what: str = "this") -> None:
    """Look for modules that only an extra installs, without importing them.

    `what` needs them; `extra` is what goes between the brackets of `pip install '.[extra]'`, several separated by
    commas. Raises FacewireError with that command where a module is missing.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        *first, last = missing
        names = f"{', '.join(first)} and {last}" if first else last
        raise FacewireError(f"{what} needs {names}: pip install '.[{extra}]'")
