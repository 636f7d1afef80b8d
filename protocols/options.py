"""Options of a sink's URL: text values into the frozen dataclass of a protocol."""

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, Final, TypeVar, get_args, get_type_hints

from protocols.errors import FacewireError

_T = TypeVar("_T")
COMMON: Final = "fps, delay_ms"
"""What every sink has besides."""
_SWITCH: Final = {"on": True, "off": False}


def read_options(kind: type[_T], texts: Mapping[str, str]) -> _T:
    """An instance of the dataclass `kind`, whose fields are str, bool (`on` / `off`) or a Literal of str.

    Raises FacewireError naming the option and what is possible.
    """
    hints = get_type_hints(kind)
    known = {field.name: _choices(hints[field.name]) for field in _fields(kind)}
    values: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in known:
            raise FacewireError(f"unknown option {name!r}; known: {describe(kind)}, {COMMON}")
        choices = known[name]
        if choices and text not in choices:
            raise FacewireError(f"{name}={text}, must be one of: {', '.join(choices)}")
        values[name] = _SWITCH[text] if hints[name] is bool else text
    return kind(**values)


def describe(kind: type[Any]) -> str:
    """The options with their choices, for messages and help."""
    hints = get_type_hints(kind)
    listed = [(field.name, _choices(hints[field.name])) for field in _fields(kind)]
    return ", ".join(f"{name} ({'|'.join(choices)})" if choices else name for name, choices in listed)


def _fields(kind: type[Any]) -> tuple[Field[Any], ...]:
    return fields(kind)


def _choices(hint: Any) -> tuple[str, ...]:
    return tuple(_SWITCH) if hint is bool else get_args(hint)
