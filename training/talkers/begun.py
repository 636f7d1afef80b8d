"""What a folder of synthetic speech is made of, so that nothing else gets mixed into it."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.progress import Progress

from model.windows import Samples
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.interrupt import StoppedError, asked_to_stop
from training.phones import spoken
from training.phones.spoken import Spoken

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


def utter(out: Path, utterances: int, say: Callable[[int], tuple[Samples, Spoken]], bar: Progress) -> None:
    """Write utterances, `out` / 00000.flac beside .phones and so on, each made by its number; existing ones are kept.

    Raises StoppedError, after the current one, when asked to stop.
    """
    task = bar.add_task("speech", total=utterances)
    with asked_to_stop() as asked:
        for number in range(utterances):
            recording = out / f"{number:05}.flac"
            if not spoken.beside(recording):
                if asked():
                    raise StoppedError(f"{out}: {number} of {utterances} utterances; run the same command to continue")
                spoken.record(recording, *say(number))
            bar.advance(task)


def of_texts(texts: Sequence[str]) -> list[Any]:
    """How many texts there are, and their SHA-256."""
    return [len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest()]
