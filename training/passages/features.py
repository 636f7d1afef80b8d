"""The features folder: encoded passages of speech, and the untrained model."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.progress import Progress

from model import checkpoint
from model.config import ModelConfig
from model.encoder import Encoder, embed, pretrained
from model.face import FaceModel
from model.library import UNKNOWN
from model.onnx_checkpoint import open_checkpoint
from model.onnx_export import export
from model.onnx_session import NoOnnxError
from model.runtime import Runtime
from model.torch_runtime import TorchRuntime
from protocols.errors import FacewireError
from training.datasets import dataset
from training.passages import folder
from training.passages.compose import write_shard
from training.passages.shards import Passages
from training.passages.standardise import standardise
from training.recipe import FeatureSettings, ModelSettings
from training.sounds.recordings import Recordings

log = logging.getLogger(__name__)


def make(
    data: Sequence[Path],
    speech: Encoder,
    heard: dict[str, Any],
    settings: FeatureSettings,
    shards: Iterable[int],
    out: Path,
    bar: Progress,
    *,
    sounds: Sequence[Recordings] = (),
) -> None:
    """Write the shards with these numbers; existing ones are kept. `heard` records what the encoder was trained on.

    `sounds` are recordings without speech: they are mixed behind speech, and used where nobody speaks. Datasets whose
    speaker is `unknown` are strangers': they become no identity of the checkpoint.

    Raises FacewireError for a folder made from other data or with other settings.
    """
    people = dataset.people(data, "train")
    if settings.embed and not speech.config.embedded:
        speech = embed(speech.hubert, speech.head, normalize=speech.config.normalize)
    config = ModelConfig(
        encoder=speech.config,
        lookaheads_ms=settings.lookaheads_ms,
        lookahead_ms=settings.lookahead_ms,
        fps=settings.fps,
        left_ms=settings.left_ms,
        hops_ms=settings.hops_ms,
        hop_ms=settings.hop_ms,
        identities=tuple(dict.fromkeys(clips[0].identity for clips in people if clips[0].identity != UNKNOWN)),
    )
    if not config.identities:
        raise FacewireError("nobody but strangers to learn from: add a dataset of a person")
    model = FaceModel(config, speech).eval()
    told = {
        "data": dataset.told(data, "train"),
        "encoder": heard,
        "sounds": {each.name: each.licence for each in sounds},
        "features": settings.model_dump(mode="json", exclude={"shards"}),
    }
    out.mkdir(parents=True, exist_ok=True)
    if not (out / folder.UNTRAINED).exists():
        checkpoint.save(model, out / folder.UNTRAINED, told, with_graphs=False)
    elif checkpoint.header(out / folder.UNTRAINED)["provenance"] != told:
        raise FacewireError(
            f"{out}: made from other datasets, with another encoder or recipe; choose another --out, or delete it"
        )
    paths = {number: folder.shard(out, number) for number in shards}
    missing = {number: path for number, path in paths.items() if not path.exists()}
    if not missing:
        return
    with fastest(model) as runtime:
        for number, path in missing.items():
            write_shard(path, runtime, people, settings.passages, settings.quiet, number, bar, sounds)


@contextmanager
def fastest(model: FaceModel) -> Iterator[Runtime]:
    """The fastest runtime for encoding on a CPU: onnxruntime if possible."""
    with TemporaryDirectory() as place:
        runtime: Runtime = TorchRuntime(model)
        try:
            runtime = _by_onnx(model, Path(place))
        except NoOnnxError as error:
            log.info("%s", error)
        yield runtime


def _by_onnx(model: FaceModel, place: Path) -> Runtime:
    if not model.config.encoder.embedded:
        return export(model, place)[0]
    checkpoint.save(model, place / "face.safetensors", {})
    return open_checkpoint(place / "face.safetensors")


def read(features: Path) -> Passages:
    """All passages of a features folder. Raises FacewireError if there are none."""
    return Passages.read(folder.shards(features))


def untrained(
    features: Path, settings: ModelSettings, seed: int, made: Passages, known: Sequence[str] | None = None
) -> FaceModel:
    """A model to be trained on these passages: weights drawn by the seed, statistics of the passages.

    It has the identities of the folder, or those `known`, whose order the passages' labels follow.
    """
    waiting = checkpoint.load(features / folder.UNTRAINED)
    config = waiting.config.model_copy(update={"identities": tuple(known or waiting.config.identities)})
    torch.manual_seed(seed)
    model = FaceModel(settings.applied(config), waiting.encoder)
    standardise(model, made)
    return model


def open_encoder(source: str) -> tuple[Encoder, dict[str, Any]]:
    """The encoder named by `source`, or that of the face that ships, and what it was trained on."""
    if not source or Path(source).is_file():
        path = Path(source or checkpoint.DEFAULT)
        return checkpoint.load(path).encoder, checkpoint.header(path)["provenance"].get("encoder", {})
    told = Path(source) / "encoder.json"
    return pretrained(source), json.loads(told.read_text("utf-8")) if told.exists() else {}
