"""What `prepare` reports of a dataset: what was used, how well face and sound match, what was left out and why."""

from collections import Counter
from collections.abc import Sequence

from training.datasets.dataset import Dataset, Skipped
from training.datasets.manifest import Recording
from training.datasets.splits import split_of
from training.prepare.offset import MIN_CORRELATION, MIN_SECONDS, Offset


def told(made: Dataset, measured: Offset | None, skipped: Sequence[Skipped]) -> str:
    """The report: a line for each speaker and for each recording that was left out."""
    rows = made.manifest.recordings
    lines = [f"{made.manifest.name}: {_amount(rows)}"]
    for speaker in made.speakers:
        own = [row for row in rows if row.speaker == speaker]
        splits = Counter(split_of(row.recording) for row in own)
        lines.append(f"  {speaker}: {_amount(own)}; " + ", ".join(f"{name} {n}" for name, n in splits.most_common()))
    return "\n".join([*lines, _lag(measured), listing(skipped)]).rstrip() + "\n"


def listing(skipped: Sequence[Skipped]) -> str:
    """A line for each recording that was left out, broken ones first."""
    lines = []
    for name, broken in (("broken", True), ("left out", False)):
        group = [item for item in skipped if item.broken == broken]
        if group:
            lines += [f"{name}: {len(group)}", *(f"  {item.source.name}: {item.reason}" for item in group)]
    return "\n".join(lines)


def _amount(rows: Sequence[Recording]) -> str:
    minutes = sum(row.seconds for row in rows) / 60
    return f"{len(rows)} recording{'s' * (len(rows) != 1)}, {minutes:.1f} minutes"


def _lag(measured: Offset | None) -> str:
    if measured is None:
        return "the curves are in time with the sound as they are"
    over = f"over {measured.seconds / 60:.1f} minutes"
    found = f"{measured.ms:+.0f} ms (correlation {measured.correlation:.2f} {over}, elsewhere {measured.second:.2f})"
    if measured.trusted:
        return f"the curves lag behind the sound by {found}: corrected"
    return (
        f"the curves' lag could not be told: best {found}; wanted is a correlation of {MIN_CORRELATION}, clearly above "
        f"that elsewhere, over {MIN_SECONDS:.0f} s; not corrected"
    )
