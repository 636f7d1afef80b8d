"""Judges checkpoints by whatever sets are given, and writes what it finds as it goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model import checkpoint, ict
from protocols.errors import FacewireError
from training.datasets import dataset
from training.datasets.clips import Clip
from training.datasets.manifest import MANIFEST
from training.datasets.splits import named
from training.strangers import loudness, measure, plots, readability, report, said, syllables
from training.strangers.measure import LOUDNESS, REAL, Face, Measured, Table
from training.strangers.readability import Animator
from training.strangers.reader import Reader
from training.strangers.said import FPS, Said


@dataclass(frozen=True)
class Sources:
    """The sets to judge by; what is missing is left out."""

    curves: tuple[Path, ...] = ()
    split: str = "all"
    reader: Path | None = None
    spoken: tuple[Path, ...] = ()
    ravdess: Path | None = None
    per_actor: int = 2
    syllables: Path | None = None
    kit: Path | None = None


def run(
    checkpoints: Sequence[Path],
    sources: Sources,
    out: Path,
    lookahead_ms: int | None = None,
    told: Callable[[str], None] = lambda text: None,
    animator: Animator | None = None,
) -> dict[str, Table]:
    """Judge checkpoints, write figures and pictures, and return the figures by set."""
    faces = {name: measure.face_of(checkpoint.load(path), lookahead_ms) for name, path in _by_name(checkpoints).items()}
    out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Table] = {}

    def keep(name: str, table: Table) -> None:
        tables[name] = table
        report.write(out, tables)
        told(report.markdown(name, table))

    _true_curves(sources, faces, out, keep)
    read, everywhere = _reader(sources, faces, keep, animator)
    _known_phones(sources, everywhere, read, out, keep, animator)
    if sources.syllables:
        keep("syllables", measure.syllable_figures(syllables.read(sources.syllables), everywhere))
    return tables


Keep = Callable[[str, Table], None]
TRUE_CURVES: Final = "true curves"


def _true_curves(sources: Sources, faces: dict[str, Face], out: Path, keep: Keep) -> None:
    if not sources.curves:
        return
    kit = ict.read(sources.kit) if sources.kit else None
    clips = _clips(sources)
    found = measure.true_curves(clips, faces, kit)
    keep(TRUE_CURVES, found.table)
    plots.curves(out / "curves.png", found.pairs, [clip.recording for clip in clips])


def _clips(sources: Sources) -> list[Clip]:
    """The recordings of all datasets with true curves; a folder may hold several datasets."""
    folders = [
        each
        for folder in sources.curves
        for each in (sorted(path.parent for path in folder.glob(f"*/{MANIFEST}")) or [folder])
    ]
    return [clip for folder in folders for clip in dataset.read(folder).clips(named(sources.split))]


def _reader(
    sources: Sources, faces: dict[str, Face], keep: Keep, animator: Animator | None
) -> tuple[Reader | None, dict[str, Face]]:
    """The reader, judged on words and recordings that it did not learn; and with it the face of loudness alone."""
    if not sources.reader:
        return None, faces
    found = dataset.read(sources.reader)
    learnt = said.grid_set(found.clips("train")[::2])
    unseen = said.grid_set([*found.clips("test"), *found.clips("validation")])
    if not learnt or not unseen:
        raise FacewireError(f"{sources.reader}: no recordings with names of GRID's sentences, such as s1_bbaf2n")
    read = readability.reader_of(learnt)
    everywhere = faces | {LOUDNESS: measure.loudness_face(loudness.fitted([each.clip for each in learnt], FPS))}
    shown = [readability.labels(each, held_out=True) for each in unseen]
    judged = measure.known_phones(unseen, everywhere, read, shown=shown, animator=animator)
    keep(f"{sources.reader.name}: unseen words", judged.table)
    return read, everywhere


def _known_phones(
    sources: Sources, faces: dict[str, Face], read: Reader | None, out: Path, keep: Keep, animator: Animator | None
) -> None:
    def judge(name: str, those: Sequence[Said]) -> None:
        found = measure.known_phones(those, faces, read, animator=animator)
        keep(f"{name}: phones", found.table)
        _draw(out, name, found)

    if read and (those := said.grid_set(_clips(sources) if sources.curves else [])):
        judge(TRUE_CURVES, those)
    for folder in sources.spoken:
        judge(folder.name, said.spoken_set(folder))
    if sources.ravdess:
        files = said.ravdess_files(sources.ravdess)
        judge("ravdess", said.ravdess_neutral(files, sources.per_actor))
        pairs = said.ravdess_intensities(files, sources.per_actor)
        keep("ravdess: strong and normal", measure.intensities(pairs, faces))


def _draw(out: Path, name: str, found: Measured) -> None:
    if found.confusions:
        plots.visemes(out / f"visemes-{name}.png", found.confusions)
    shown = {column: each for column, each in found.table.items() if column != REAL}
    plots.sizes(out / f"sizes-{name}.png", shown, f"{name}: how large each shape is")


def _by_name(paths: Sequence[Path]) -> dict[str, Path]:
    """Checkpoints by the names of their columns: as short as tells them apart."""
    stems = [path.stem for path in paths]
    return {path.stem if stems.count(path.stem) == 1 else str(path): path for path in paths}
