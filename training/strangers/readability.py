"""How much of what is said can be read from a face: by a reader of real faces, on words that it did not learn."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.windows import SAMPLE_RATE_HZ
from training.datasets.clips import Curves
from training.phones.spoken import Spoken
from training.strangers import reader
from training.strangers.reader import Labels, Reader
from training.strangers.said import FPS, Said, real_face

HELD_OUT: Final = frozenset(
    ("set", "red", "white", "with", "at", "by", "b", "g", "v", "i", "r", "two", "four", "six", "nine", "now")
)
"""Words of GRID that the reader does not learn, with every viseme among them."""

Animator = Callable[[Spoken, int, int], Curves]
"""`animator(spoken, frames, fps)`: a face (frames, 52) of phones whose times are known."""


def labels(said: Said, *, held_out: bool) -> Labels:
    """The viseme at each frame at 30 fps: within words that are held out, or within the others; silence in both."""
    shown = said.visemes()
    at = np.arange(len(shown)) * SAMPLE_RATE_HZ / FPS
    for word in said.words:
        if (word.text in HELD_OUT) != held_out:
            shown[(at >= word.begin) & (at < word.end)] = -1
    return shown


def reader_of(said: Sequence[Said]) -> Reader:
    """A reader of the real faces of GRID's recordings, without the words that are held out."""
    return reader.trained(
        [real_face(each.clip) for each in said],
        [each.talking() for each in said],
        [labels(each, held_out=False) for each in said],
    )


def figures(
    read: Reader, said: Sequence[Said], faces: Sequence[Curves], shown: Sequence[Labels]
) -> tuple[dict[str, float], NDArray[np.int64]]:
    """What is read from faces (frames, 52), with what is shown in each frame; and how often what was read as what."""
    told = read.read(faces, [each.talking() for each in said])
    counts = reader.confusion(told, shown)
    found = {"readability": reader.balanced_accuracy(counts), "readability by chance": reader.chance(counts)}
    languages = sorted({each.spoken.language for each in said})
    for language in languages if len(languages) > 1 else ():
        chosen = [place for place, each in enumerate(said) if each.spoken.language == language]
        some = reader.confusion([told[place] for place in chosen], [shown[place] for place in chosen])
        found[f"readability, {language}"] = reader.balanced_accuracy(some)
    return found, counts


def share_of_ceiling(column: Mapping[str, float], ceiling: Mapping[str, float]) -> dict[str, float]:
    """Readability by that of a face made of the true phones, and the same of what is above chance."""
    made, best, chance = column["readability"], ceiling["readability"], column["readability by chance"]
    return {
        "share of the ceiling": made / best,
        "share of the ceiling above chance": (made - chance) / max(best - chance, 1e-9),
    }
