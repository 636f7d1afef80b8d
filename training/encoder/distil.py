"""The compact speech encoder: a small HuBERT that learns phones, and the features of larger ones, window by window.

It is trained on exactly the windows used at run time: cut at random from recordings for which the teachers computed
targets with long context, so that the student learns to make do with .6 s before the hop, the hop and the lookahead.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import torch
from rich.progress import Progress
from safetensors.torch import save_file
from transformers import HubertConfig

from model import phones
from model.encoder import Encoder
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all
from training.encoder.batches import EncoderSettings, batch_at
from training.encoder.run import Run
from training.encoder.student import Student, compact_config
from training.encoder.targets import Teacher
from training.encoder.track import Track, prepare
from training.encoder.watch import Probe
from training.fit import state
from training.fit.logs import CSV, LossLog, columns
from training.interrupt import StoppedError, asked_to_stop
from training.judge import plots
from training.sounds.recordings import Recordings

SAVE_EVERY: Final = 250
"""Steps between two saved states: a kill costs no more than these."""
STATE: Final = "state.safetensors"
"""In a run's folder: the student with its heads, and the optimiser, after some step."""
BEGUN: Final = "run.json"
"""In a run's folder: what it learns from, and how."""
PICTURE: Final = "losses.png"
"""Beside the encoder: the losses so far, and the probe's correlations."""


def train_encoder(
    speech: Sequence[Recordings],
    teachers: Sequence[Teacher],
    out: Path,
    bar: Progress,
    *,
    work: Path,
    settings: EncoderSettings | None = None,
    config: HubertConfig | None = None,
    start: Encoder | None = None,
    sounds: Sequence[Recordings] = (),
    probe: Probe | None = None,
    save_every: int = SAVE_EVERY,
) -> Path:
    """Train a compact HubertModel to tell phones apart and to make the teachers' features.

    Writes a folder `out` that `HubertModel.from_pretrained` and `model.encoder.pretrained` load. Phones are learnt
    where recordings have them beside them (`training.phones.spoken`). `start` is an encoder to begin with; `sounds`
    are recordings without speech.

    `work` keeps the packed speech, the teachers' features, the losses (losses.csv, TensorBoard's files) and the state
    of the run; called again, it continues. Raises FacewireError for a loss that is not finite and for a folder whose
    run was begun with other settings; StoppedError, after saving, when asked to stop.
    """
    settings = settings or EncoderSettings()
    track = prepare(speech, teachers, work, bar)
    if not teachers and not track.spoken:
        raise FacewireError("nothing to learn: name a --teacher, or give speech whose phones are known")
    told = _begin(track, teachers, settings, work) | _others(start, sounds)
    torch.manual_seed(settings.seed)
    dims = {name: rows.shape[-1] for name, rows in track.targets.items()}
    times = 1 + len(settings.ahead) if track.spoken else 0
    run = Run(Student(config or compact_config(), dims, times=times).train(), settings)
    if start is not None:
        run.student.begin_as(start)
    if (work / STATE).exists():
        run.step = state.load(work / STATE, run.student, run.optimizer)
    if probe:
        probe.begin(run.step)
    task = bar.add_task("encoder: windows", total=settings.steps * settings.batch, completed=run.step * settings.batch)
    with LossLog(work, run.step) as log, asked_to_stop() as asked:
        while run.step < settings.steps:
            if probe:
                probe.at(run.step, run.student, bar)
            losses = run.advance(batch_at(run.step, track, settings, sounds))
            log.write(run.step - 1, losses)
            bar.update(task, advance=settings.batch, description=f"encoder  loss {losses['loss']:.4f}  windows")
            stop = asked()
            if stop or run.step % save_every == 0 or run.step == settings.steps:
                state.save(work / STATE, run.student, run.optimizer, run.step)
                _write(run, out, told, work, probe)
            if stop:
                raise StoppedError(
                    f"{work}: saved after step {run.step} of {settings.steps}; run the same command to continue"
                )
    if probe:
        probe.at(run.step, run.student, bar, last=True)
    _write(run, out, told, work, probe)
    return out


def _begin(track: Track, teachers: Sequence[Teacher], settings: EncoderSettings, work: Path) -> dict[str, Any]:
    """Save what the run learns from and how, or check that it is the same as when it began."""
    longest = replace(settings.window, right_ms=max(settings.lookaheads_ms), hop_ms=max(settings.hops_ms))
    if track.features <= 2 * longest.features:
        raise FacewireError("the speech is shorter than two windows; add recordings")
    told: dict[str, Any] = {"minutes": {}, "licences": {}}
    for source in track.sources:  # several of one name are a dataset under several licences
        told["minutes"][source.name] = round(told["minutes"].get(source.name, 0) + source.minutes, 2)
        before = told["licences"].get(source.name)
        told["licences"][source.name] = f"{before}; {source.licence}" if before else source.licence
    told["teachers"] = [{"name": teacher.name, "sha256": teacher.sha256} for teacher in teachers]
    told["settings"] = json.loads(json.dumps(asdict(settings)))
    path = work / BEGUN
    if not path.exists():
        with complete_or_not_at_all(path) as partial:
            partial.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        return told
    before = json.loads(path.read_text(encoding="utf-8"))
    if other := [name for name in told if before.get(name) != told[name]]:
        raise FacewireError(
            f"{work}: a run that began with other settings ({', '.join(other)}); "
            f"choose another --work, or delete {BEGUN} and {STATE} there to begin again on the same features"
        )
    return told


def _others(start: Encoder | None, sounds: Sequence[Recordings]) -> dict[str, Any]:
    """What else an encoder was made of, for its provenance."""
    told: dict[str, Any] = {"sounds": {each.name: each.licence for each in sounds}} if sounds else {}
    return told if start is None else told | {"start": start.config.sha256}


def _write(run: Run, out: Path, told: dict[str, Any], work: Path, probe: Probe | None) -> None:
    export(run.student, out, {**told, "step": run.step})
    losses = columns(work / CSV)
    losses.pop("step")
    plots.learning(out / PICTURE, losses, probe.found() if probe else {})


def export(student: Student, out: Path, provenance: dict[str, Any]) -> None:
    """The encoder: config.json, model.safetensors (float32), its phones, and encoder.json with its origin."""
    out.mkdir(parents=True, exist_ok=True)
    config = student.hubert.config
    config.architectures, config.dtype = ["HubertModel"], torch.float32
    for name, told in (("config.json", config.to_json_string()), ("encoder.json", json.dumps(provenance, indent=2))):
        with complete_or_not_at_all(out / name) as partial:
            partial.write_text(told.rstrip() + "\n", encoding="utf-8")
    with complete_or_not_at_all(out / "model.safetensors") as partial:
        save_file(student.hubert.state_dict(), partial, {"format": "pt"})
    if student.head is not None:
        phones.save(student.head, out)
