"""From an importer's recordings to a dataset: checks, files, manifest, report.

Each recording's file holds its row of the manifest, so an interrupted run loses nothing that it finished: called again
with the same options, it keeps the recordings whose sources are unchanged.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.progress import Progress

from model.windows import SAMPLE_RATE_HZ
from protocols import blendshapes
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.datasets.clip_files import digest, pcm_of, read_metadata, write_arrays
from training.datasets.dataset import (
    Dataset,
    Done,
    Found,
    Skipped,
    read_clip,
)
from training.datasets.manifest import MANIFEST, Manifest, Recording
from training.prepare.offset import Offset, measure
from training.prepare.report import listing, told

CLIPS: Final = "clips"
MIN_SECONDS: Final = 1.0
MIN_SEEN: Final = 0.9
"""Share of frames in which a face must have been found."""
BEYOND: Final = 0.1
"""How far below 0 and above 1 curves may go by a tracker's error; they are clamped."""
MISFIT: Final = 0.1
"""How much longer or shorter than the sound the curves may be, relative to its length."""

Importer = Callable[[Done], Iterator[Found | Skipped]]


@dataclass(frozen=True)
class Made:
    """The result of a run."""

    dataset: Dataset
    report: str
    """Also in report.txt."""
    broken: bool
    """Whether a recording was left out because something is wrong with it."""


def run(importer: Importer, total: int, out: Path, made_by: str, bar: Progress, *, in_time: bool = False) -> Made:
    """Fill the folder `out` with what an importer finds among `total` recordings.

    `made_by` is the command without paths. The lag of the curves is measured and corrected, unless they are known to be
    `in_time` with their sound. Raises FacewireError if nothing is left, or if `out` holds the output of another
    command.
    """
    kept = _finished(out, made_by)
    taken: dict[str, Recording] = {}
    skipped: list[Skipped] = []
    task = bar.add_task(out.name, total=total)

    def done(source: Path, *beside: Path) -> bool:
        row = kept.get((source.name, _digest(source, *beside)))
        if row is None or row.recording in taken:
            return False
        taken[row.recording] = row
        bar.advance(task)
        return True

    number = max((int(Path(row.file).stem) for row in kept.values()), default=-1)
    for item in importer(done):
        problem = item if isinstance(item, Skipped) else refused(item, taken)
        if problem is not None:
            skipped.append(problem)
        elif isinstance(item, Found):
            number += 1
            taken[item.recording] = _write(out, f"{CLIPS}/{number:05}.safetensors", item, made_by)
        bar.advance(task)
    if not taken:
        raise FacewireError(f"{out}: no recording could be used\n{listing(skipped) or 'no recordings were found'}")
    rows, measured = [taken[name] for name in sorted(taken)], None
    if not in_time:
        measured, rows = _with_offset(out, rows)
    made = Dataset(out, Manifest(name=out.resolve().name, made_by=made_by, recordings=rows))
    report = told(made, measured, skipped)
    for name, text in (("report.txt", report), (MANIFEST, made.manifest.model_dump_json(indent=1) + "\n")):
        with complete_or_not_at_all(out / name) as partial:
            partial.write_text(text, encoding="utf-8")
    wanted = {row.file for row in rows}
    for path in (out / CLIPS).iterdir():
        if f"{CLIPS}/{path.name}" not in wanted:
            path.unlink()
    return Made(made, report, any(item.broken for item in skipped))


def _finished(out: Path, made_by: str) -> dict[tuple[str, str], Recording]:
    """What an earlier call with the same options finished, by the name and digest of its source."""
    try:
        (out / CLIPS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FacewireError(f"{out}: cannot be made: {error.strerror}") from None
    kept = {}
    for path in sorted((out / CLIPS).glob("[!.]*.safetensors")):
        said = read_metadata(path)
        if said.get("made_by") != made_by:
            raise FacewireError(
                f"{out}: holds the output of another command ({said.get('made_by')}); "
                "choose another --out, or delete it"
            )
        row = Recording.model_validate_json(said["row"]).model_copy(update={"sha256": digest(path)})
        kept[row.source, row.source_sha256] = row
    return kept


def _with_offset(out: Path, rows: list[Recording]) -> tuple[Offset, list[Recording]]:
    """The rows with the lag of their dataset, if one could be measured."""
    measured = measure([read_clip(out, row) for row in rows])
    lag_ms = measured.ms if measured.trusted else 0.0
    return measured, [row.model_copy(update={"offset_ms": lag_ms}) for row in rows]


def _digest(*paths: Path) -> str:
    try:
        return digest(*paths)
    except OSError as error:
        raise FacewireError(f"{error.filename}: cannot be read: {error.strerror}") from None


def refused(item: Found, taken: Mapping[str, Recording]) -> Skipped | None:
    """Why a recording cannot be used, if so."""
    seconds, lasted = len(item.samples) / SAMPLE_RATE_HZ, len(item.curves) / item.fps
    broken = True
    if item.recording in taken:
        reason = f"another recording is also named {item.recording}"
    elif not np.isfinite(item.samples).all():
        reason = "its sound has values that are not finite"
    elif not np.isfinite(item.curves).all():
        frame, shape = np.argwhere(~np.isfinite(item.curves))[0]
        reason = f"frame {frame}: {blendshapes.NAMES[shape]} is not a number"
    elif item.curves.min() < -BEYOND or item.curves.max() > 1 + BEYOND:
        reason = f"its curves go from {item.curves.min():.2f} to {item.curves.max():.2f}, must be 0 to 1"
    elif not ((item.confidence >= 0) & (item.confidence <= 1)).all():
        reason = "its shapes' confidence is not 0 to 1"
    elif min(seconds, lasted) < MIN_SECONDS:
        reason = f"too short: {min(seconds, lasted):.2f} s, must be {MIN_SECONDS:.0f} s at least"
    elif abs(lasted - seconds) > MISFIT * seconds:
        reason = f"its curves last {lasted:.2f} s, its sound {seconds:.2f} s: do they belong together?"
    elif item.seen.mean() < MIN_SEEN:
        reason, broken = f"a face was found in only {item.seen.mean():.0%} of its frames", False
    else:
        return None
    return Skipped(item.source, reason, broken)


def fitted(found: Found) -> Found:
    """The recording with the sound beyond its last frame cut off, and its curves clamped to 0 to 1."""
    return replace(
        found,
        samples=found.samples[: round(len(found.curves) / found.fps * SAMPLE_RATE_HZ)],
        curves=np.clip(found.curves, 0, 1).astype(np.float32),
    )


def _write(out: Path, file: str, item: Found, made_by: str) -> Recording:
    """Write the recording's file, complete or not at all."""
    found = fitted(item)
    sound = pcm_of(found.samples)
    arrays: dict[str, Any] = {
        "sound": sound,
        "curves": found.curves,
        "seen": found.seen,
    }
    if found.lip_gap is not None:
        arrays["lip_gap"] = found.lip_gap.astype(np.float32)
    named = dict(zip(blendshapes.NAMES, found.confidence.tolist(), strict=True))
    row = Recording(
        file=file,
        sha256="",  # that of the file, which this row lies in
        recording=found.recording,
        speaker=found.speaker,
        emotion=found.emotion,
        licence=found.licence,
        source=found.source.name,
        source_sha256=_digest(found.source, *found.beside),
        fps=found.fps,
        frames=len(found.curves),
        seconds=round(len(sound) / SAMPLE_RATE_HZ, 3),
        captured=[name for name, weight in named.items() if weight > 0],
        confidence={name: round(weight, 3) for name, weight in named.items() if 0 < weight < 1},
        offset_ms=0.0,  # measured when all are there
        seen=round(float(found.seen.mean()), 4),
        closures_s=list(found.closures_s),
    )
    path = out / file
    write_arrays(path, arrays, {"row": row.model_dump_json(), "made_by": made_by})
    return row.model_copy(update={"sha256": digest(path)})
