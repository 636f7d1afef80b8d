"""The made-up person of the smoke test, as the dataset that training reads."""

from pathlib import Path

from rich.progress import Progress

from training.datasets.clips import Clip
from training.datasets.dataset import read
from training.datasets.splits import Split
from training.prepare import importing, npz_folder
from training.smoke.person import write_person


def prepared(folder: Path, out: Path, speaker: str) -> Path:
    """A folder of npz as a dataset."""
    paths = sorted(folder.glob("*.npz"))
    with Progress(disable=True) as bar:
        importing.run(lambda done: npz_folder.recordings(paths, speaker, "CC0", done), len(paths), out, "a test", bar)
    return out


def person(folder: Path, name: str, split: Split, clips: int = 12) -> list[Clip]:
    """The clips of one split of a made-up person, who is written and prepared in an empty folder."""
    write_person(folder / "raw", clips)
    return read(prepared(folder / "raw", folder / "set", name)).clips(split)
