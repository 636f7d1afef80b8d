"""What a folder of synthetic speech is made of, so that nothing else gets mixed into it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

TOLD: Final = "speech.json"
"""In the folder: how it is made."""


def begin(out: Path, told: Mapping[str, Any]) -> None:
    """Note how a folder is made, or check that it was begun in the same way. Raises FacewireError for another way."""
    path = out / TOLD
    try:
        out.mkdir(parents=True, exist_ok=True)
        before = json.loads(path.read_text("utf-8")) if path.exists() else None
    except (OSError, ValueError) as error:
        raise FacewireError(f"{path}: cannot be read or made: {error}") from None
    if before is None:
        with complete_or_not_at_all(path) as partial:
            partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    elif before != told:
        other = ", ".join(name for name in told if not isinstance(before, dict) or before.get(name) != told[name])
        raise FacewireError(f"{out}: holds other speech ({other}); choose another --out, or delete it")


def of_texts(texts: Sequence[str]) -> list[Any]:
    """How many texts there are, and their SHA-256."""
    return [len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest()]
