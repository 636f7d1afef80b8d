"""The paper's tables 1, 2, 4 and 5 from the figures of a study, as sections of a page."""

from collections.abc import Mapping, Sequence
from typing import Final

from training.judge.tables import Column, Value, cell, markdown
from training.study.study import Judged, Study

QUALITY: Final = ("lip error 27", "LBE 12", "MBE 51", "FDD signed", "FDD abs")
MOTION: Final = (
    "jaw r", "amplitude jaw", "amplitude lips", "jitter lips", "jitter upper", "blinks to real", "closure recall",
    "spread over seeds, jaw", "spread over seeds, upper face", "seam ratio",
)  # fmt: skip
TIME: Final = ("ms per frame", "ms per frame, denoiser")
DISTANCE: Final = "distance to teacher"


def table_1(study: Study, columns: Mapping[str, Column]) -> str:
    """Steps trained directly from the most to the fewest, then the distilled ones."""
    chosen = [v for v in study.variants if v.name.startswith(("steps-", "distilled-")) and v.judged]
    direct = sorted((v for v in chosen if v.kind == "fit"), key=lambda variant: -variant.steps)
    rows = []
    for variant in [*direct, *(v for v in chosen if v.kind == "halve")]:
        column, mark = columns[variant.name], "yes" if variant.kind == "halve" else ""
        times = [_tenths(column.get(name)) for name in TIME]
        rows.append([str(variant.steps), mark, *_cells(column, ("LBE 12", "FDD abs", "lip error 27")), *times])
    head = ["steps", "distilled", "LBE 12", "FDD abs", "lip error 27", "ITF (10⁻⁴ s)", "ITF of the denoiser alone"]
    return f"""## Table 1: steps, with and without distillation

{markdown(head, rows)}
ITF: inference time per frame, one thread, one stream, hop by hop, with the encoder; median over hops, so it counts only
on a machine that had nothing else to do. Fewer than 32 steps use the 32-step schedule's alpha-bar: rescaled to fewer,
its betas would exceed 1.

![error and dynamics by steps](steps.png)
"""


def distillation(study: Study, columns: Mapping[str, Column]) -> str:
    """The distilled model beside its teacher and other models with as many steps."""
    names = [study.top, study.main, *_others(study)]
    head = ["", *QUALITY, "closure recall", "to teacher", "to skipping"]
    skipped = columns[f"skipping-{study.recipe.distill.to}"][DISTANCE].mean
    rows = []
    for name in names:
        column = columns[name]
        apart = column.get(DISTANCE)
        ratio = cell(Value(apart.mean / max(skipped, 1e-9)), 2) if apart else ""
        rows.append([_title(study, name), *_cells(column, (*QUALITY, "closure recall", DISTANCE)), ratio])
    return f"""## What distillation is worth

{markdown(head, rows)}
*To teacher*: mean over frames of the L2 norm over 51 shapes between the two faces of the same seed; *to skipping*: that
distance as a share of what is lost by skipping the teacher's steps without any training.
"""


def table_2(study: Study, columns: Mapping[str, Column], scale: Mapping[str, Column]) -> str:
    """The distilled model beside a regressor and, for `scale`, faces that were not made from the sound."""
    rivals = {_title(study, name): columns[name] for name in (study.main, "regressor")} | dict(scale)
    head = ["", *rivals]
    rows = [
        [name, *(cell(column.get(name)) for column in rivals.values())]
        for name in (*QUALITY, *MOTION, *TIME)
        if any(name in column for column in rivals.values())
    ]
    return f"""## Table 2: against a regressor, the mean face, and real motion of another clip

{markdown(head, rows)}
The regressor has the same features, conditions, GRU (2 x 256), passages and losses, but no noise: it says the same
sentence the same way each time. Errors reward the mean of all faces that fit; what lives shows in amplitude, jitter,
blinks and FDD.
"""


def table_4(main: Judged) -> str:
    """How reliably a voice is matched to its identity."""
    if not main.identities:
        return "## Table 4: identities by voice\n\nThere are less than two known voices to tell apart.\n"
    scores = main.identities.scores()
    return f"""## Table 4: identities by voice

{markdown(list(scores), [[cell(Value(value)) for value in scores.values()]])}
Held-out recordings in pieces of 10 s at most, matched by the voice; means over identities.

![who was taken for whom](identities.png)
"""


def table_5(study: Study, columns: Mapping[str, Column]) -> str:
    """The distilled model beside those that lack one part of its training."""
    rows = [[title, *_cells(columns[name], (*QUALITY, *MOTION[:6]))] for name, title in ablations(study).items()]
    return f"""## Table 5: what each part is worth

{markdown(["", *QUALITY, *MOTION[:6]], rows)}
Without a loss or identities: the teacher was trained without it and distilled like the first row's. Without
distillation: as many steps, trained directly.

![ablations](ablations.png)
"""


def ablations(study: Study) -> dict[str, str]:
    """Titles of the rows of table 5 by variant."""
    last = study.recipe.distill.to
    parts = [v for v in study.variants if v.judged and v.name.startswith("no-")]
    own = {study.main: "all", f"steps-{last}": "without distillation"}
    return own | {variant.name: variant.title for variant in parts}


def _others(study: Study) -> list[str]:
    """Models with as many steps as the distilled one: by other losses, trained directly, and without training."""
    last = study.recipe.distill.to
    return [f"other-distillation-{last}", f"steps-{last}", f"skipping-{last}"]


def _title(study: Study, name: str) -> str:
    return next(variant.title for variant in study.variants if variant.name == name)


def _cells(column: Column, names: Sequence[str]) -> list[str]:
    return [cell(column.get(name)) for name in names]


def _tenths(value: Value | None) -> str:
    """Milliseconds as 10^-4 s."""
    return cell(Value(10 * value.mean) if value else None, 1)
