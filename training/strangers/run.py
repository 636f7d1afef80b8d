"""Judges faces by whatever sets there are, and writes what it finds as it goes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from model.ict import FaceKit
from protocols.errors import FacewireError
from training.datasets import dataset
from training.datasets.clips import Clip
from training.datasets.dataset import Dataset
from training.datasets.manifest import MANIFEST
from training.datasets.splits import named, split_of
from training.strangers import loudness, measure, plots, readability, report, said
from training.strangers.measure import LOUDNESS, REAL, Face, Measured, Table
from training.strangers.readability import Animator
from training.strangers.reader import Labels
from training.strangers.said import FPS, Ravdess, Said
from training.strangers.syllables import Syllable

TRUE_CURVES: Final = "true curves"


@dataclass(frozen=True, eq=False)
class Sets:
    """What faces are judged by; an empty set is left out."""

    curves: Sequence[Clip] = ()
    """Recordings of people whose true faces are known."""
    reader: Dataset | None = None
    """GRID's recordings from whose curves the lip reader learns."""
    spoken: Mapping[str, Sequence[Said]] = field(default_factory=dict)
    """Speech with known phones, by the names of the sets."""
    ravdess: Mapping[Ravdess, Path] = field(default_factory=dict)
    per_actor: int = 2
    syllables: Sequence[Syllable] = ()
    kit: FaceKit | None = None


def run(
    faces: Mapping[str, Face],
    sets: Sets,
    out: Path,
    told: Callable[[str], None] = lambda text: None,
    animator: Animator | None = None,
) -> dict[str, Table]:
    """Judge faces by name, write figures and pictures, and return the figures by set.

    With an animator, what is read from its face of the true phones stands beside: the ceiling. A set in which nobody
    speaks has no figures.
    """
    out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Table] = {}

    def keep(name: str, table: Table) -> None:
        tables[name] = table
        report.write(out, tables)
        told(report.markdown(name, table))

    def judge(name: str, those: Sequence[Said], shown: Sequence[Labels] | None = None) -> None:
        if not any(each.talking().any() for each in those):
            keep(name, {})
            return
        found = measure.known_phones(those, faces, reader, shown=shown, animator=animator)
        keep(name, found.table)
        _draw(out, name.partition(":")[0], found)

    reader = None
    if sets.curves:
        _true_curves(sets, faces, out, keep)
    if sets.reader:
        learnt, unseen = _grid(sets.reader)
        reader = readability.reader_of(learnt)
        # From here on loudness alone has a face, too: in most sets there is nothing to fit it on.
        faces = {**faces, LOUDNESS: measure.loudness_face(loudness.fitted([each.clip for each in learnt], FPS))}
        words: dict[str, Sequence[Said]] = {
            sets.reader.manifest.name: unseen,
            TRUE_CURVES: said.grid_set(sets.curves),
        }
        for name, those in words.items():
            if those:
                judge(f"{name}: unseen words", those, [readability.labels(each, held_out=True) for each in those])
    for name, those in sets.spoken.items():
        judge(f"{name}: phones", those)
    if sets.ravdess:
        judge("RAVDESS: phones", said.ravdess_neutral(sets.ravdess, sets.per_actor))
        pairs = said.ravdess_intensities(sets.ravdess, sets.per_actor)
        keep("RAVDESS: strong and normal", measure.intensities(pairs, faces) if pairs else {})
    if sets.syllables:
        keep("syllables", measure.syllable_figures(sets.syllables, faces))
    return tables


def curves_in(folders: Sequence[Path], split: str) -> list[Clip]:
    """The recordings of datasets; a folder may hold several datasets. Raises FacewireError if there are none."""
    datasets = [
        each
        for folder in folders
        for each in (sorted(path.parent for path in folder.glob(f"*/{MANIFEST}")) or [folder])
    ]
    return [clip for folder in datasets for clip in dataset.read(folder).clips(named(split))]


def _grid(found: Dataset) -> tuple[list[Said], list[Said]]:
    """Recordings to learn from, every other one of the training split, and all that are held out."""
    clips = found.clips("all")
    learnt = said.grid_set([clip for clip in clips if split_of(clip.recording) == "train"][::2])
    unseen = said.grid_set([clip for clip in clips if split_of(clip.recording) != "train"])
    if not learnt or not unseen:
        raise FacewireError(f"{found.folder}: no recordings with names of GRID's sentences, such as s1_bbaf2n")
    return learnt, unseen


def _true_curves(sets: Sets, faces: Mapping[str, Face], out: Path, keep: Callable[[str, Table], None]) -> None:
    found = measure.true_curves(sets.curves, faces, sets.kit)
    keep(TRUE_CURVES, found.table)
    plots.curves(out / "curves.png", found.pairs, [clip.recording for clip in sets.curves])


def _draw(out: Path, name: str, found: Measured) -> None:
    name = name.replace(" ", "-")
    if found.confusions:
        plots.visemes(out / f"visemes-{name}.png", found.confusions)
    made = {column: each for column, each in found.table.items() if column != REAL}
    plots.sizes(out / f"sizes-{name}.png", made, f"{name}: how large each shape is")
