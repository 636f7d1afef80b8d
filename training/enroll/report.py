"""What `facewire-train enroll` reports of an identity: figures on what was held out, and a plot."""

from collections.abc import Mapping
from pathlib import Path

from training.enroll.enrol import Enrolled
from training.judge import plots
from training.judge.tables import Value, figures_table


def of_face(enrolled: Enrolled) -> str:
    """A table of figures, before and after."""
    columns = {who: {name: Value(value) for name, value in of.items()} for who, of in enrolled.figures.items()}
    told = enrolled.identity.told
    return (
        f"{told['speech_s']:.0f} s of speech; the curves lag behind the sound by {told['offset_ms']:+.0f} ms\n"
        f"On {told['held_out_s']:.0f} s that nothing was learnt from:\n\n{figures_table(columns)}"
    )


def of_voice(shares: Mapping[str, float], likeness: float, floor: float) -> str:
    """Whom the face was mixed from."""
    mixed = ", ".join(f"{100 * share:.0f} % {who}" for who, share in shares.items() if share >= 0.005)
    unlike = "" if likeness >= floor else f" None of them is very similar ({likeness:.2f}, known voices: {floor:.2f})."
    return (
        f"From the voice alone: the face is {mixed}, after the identities that sound like it.{unlike} That is only a "
        "guess: how a person moves can be seen, not heard. Enrol with --livelink or --video for their own face."
    )


def draw(enrolled: Enrolled, path: Path, fps: int) -> None:
    """Plot the held-out face before and after, beside the identity's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    title = f"{enrolled.identity.name}: held out of what was learnt from"
    plots.before_and_after(path.with_suffix(".png"), enrolled.before, enrolled.after, fps, title)
