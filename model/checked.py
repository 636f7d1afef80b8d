"""Reads settings and recipes from YAML and checks them with pydantic. Reports everything that is wrong at once."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from protocols.errors import FacewireError

Model = TypeVar("Model", bound=BaseModel)


def read(file: Path) -> dict[str, Any]:
    """Read the settings in a YAML file; an empty file gives an empty dict.

    Raises FacewireError if the file cannot be read, is not valid YAML, or does not hold `name: value` lines.
    """
    try:
        values = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FacewireError(f"{file}: cannot be read ({error})") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise FacewireError(f"{file}, line {line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise FacewireError(f"{file}: not valid YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise FacewireError(f"{file}: must hold lines like `name: value`, not a {type(values).__name__}")
    return values or {}


def validated(kind: type[Model], values: object, where: str) -> Model:
    """Validate `values` as a model of type `kind`. Raises FacewireError, which lists everything that is wrong."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        lines = "\n".join(f"  {_explained(kind, dict(each))}" for each in error.errors())
        count = error.error_count()
        raise FacewireError(f"{where}: {count} {'error' if count == 1 else 'errors'}\n{lines}") from error


def _explained(kind: type[BaseModel], error: Mapping[str, Any]) -> str:
    """Describe one of pydantic's errors in plain words."""
    *section, key = map(str, error["loc"] or ("all",))
    where = ".".join([*section, key])
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _keys(kind, section)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        return f"{where}: there is no such setting; {hint}"
    if error["type"] in ("missing", "missing_argument"):
        return f"{where}: is missing"
    return f"{where}: {error['msg'].removeprefix('Value error, ')} (is {error['input']!r})"


def _keys(kind: Any, section: Sequence[str]) -> list[str]:
    """The names in a section of a model. Sections are models or dataclasses."""
    for name in section:
        kind = kind.model_fields[name].annotation
    return [f.name for f in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else list(kind.model_fields)
