"""One file holds a face model: weights, encoder, identities, normalisation, and where they come from.

With an embedded encoder it also holds the graphs by which onnxruntime computes it, and runs without torch.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from model import timbre
from model.config import ModelConfig
from model.extras import need
from model.onnx_session import Graph
from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all

if TYPE_CHECKING:  # a header is read without torch
    from torch import Tensor

    from model.face import FaceModel

DEFAULT: Final = Path(__file__).parent / "weights" / "default.safetensors"
"""The face that ships with facewire."""
FORMAT: Final = 8
"""Of format 8 on, a checkpoint with an embedded encoder carries its graphs."""
READABLE: Final = (3, 4, 5, 6, 7, 8)
"""Of format 3 on, mouth and upper face have a GRU each; its checkpoints tell no voices apart."""
_KEY: Final = "facewire"
_ENCODER: Final = "encoder."
_GRAPH: Final = "graph."

Arrays = dict[str, NDArray[Any]]


def header(path: Path | str) -> dict[str, Any]:
    """The header: `format`, `config`, `provenance`. Raises FacewireError where there is no whole checkpoint."""
    return _read(Path(path), None)[0]


def carries_graphs(path: Path | str) -> bool:
    """Whether a checkpoint can be opened by `read`. Raises FacewireError where there is no whole checkpoint."""
    header(path)
    with safe_open(path, framework="np") as file:
        return f"{_GRAPH}encoder" in file.keys()  # noqa: SIM118


def read(path: Path | str) -> tuple[ModelConfig, Arrays, dict[str, Graph]]:
    """What a checkpoint is, its weights by name, and the graphs that it carries (`model.onnx_graphs.graphs`).

    Needs no torch. Raises FacewireError with what is wrong.
    """
    path = Path(path)
    head, arrays = _read(path, "np")
    packed = {name.removeprefix(_GRAPH): arrays.pop(name) for name in list(arrays) if name.startswith(_GRAPH)}
    _require_numbers(path, [name for name, value in arrays.items() if not np.isfinite(value).all()])
    try:
        graphs = {name: Graph.unpacked(graph.tobytes()) for name, graph in packed.items()}
    except ValueError as error:
        raise FacewireError(f"{path}: a damaged graph ({error}); fetch it again") from error
    return _config(path, head), arrays, graphs


def load(path: Path | str | None = None, *, encoder: Path | str | None = None) -> "FaceModel":
    """The face model of a checkpoint (default: the one that ships), ready for use, on the CPU. Needs torch.

    `encoder` says where the HubertModel lies, for checkpoints that do not embed theirs; another than the one
    that the denoiser was trained on is refused. Raises FacewireError with what is wrong and what to try.
    """
    need("torch", "torch", "transformers")
    import torch

    from model import encoder as encoders
    from model.face import FaceModel

    path = Path(path or DEFAULT)
    head, tensors = _read(path, "pt")
    tensors = {name: value for name, value in tensors.items() if not name.startswith(_GRAPH)}
    config = _config(path, head)
    if encoder is None and config.encoder.embedded:
        speech = encoders.empty(config.encoder)
    else:
        found = encoders.pretrained(encoder or config.encoder.source, None if encoder else config.encoder.revision)
        speech = encoders.require(found, config.encoder)
        tensors = {k: v for k, v in tensors.items() if not k.startswith(_ENCODER)}
        tensors |= {_ENCODER + k: v for k, v in speech.state_dict().items()}
    if head["format"] < 5:
        tensors = _with_timbre(tensors)
    if head["format"] < 6:
        tensors = _with_identities(tensors)
    model = FaceModel(config, speech)
    try:
        model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}, strict=True)
    except RuntimeError as error:
        raise FacewireError(f"{path}: the weights do not fit the header: {error}") from error
    _require_numbers(path, [name for name, value in model.state_dict().items() if not torch.isfinite(value).all()])
    return model.eval().requires_grad_(False)


def save(model: "FaceModel", path: Path | str, provenance: Mapping[str, Any], *, with_graphs: bool = True) -> None:
    """Write a checkpoint: to a temporary name first, so that a half-written one never takes its place.

    The embedded encoder is kept in half precision (it was rounded to that when it was embedded), the rest as it is.
    `with_graphs`: whether a checkpoint with an embedded encoder carries its graphs, which take a second for every five
    denoising steps; without them torch still plays it.
    """
    import torch
    from safetensors.torch import save_file

    from model.onnx_graphs import graphs

    path, embedded = Path(path), model.config.encoder.embedded
    made = graphs(model.config) if embedded and with_graphs else {}
    tensors = {
        _GRAPH + name: torch.frombuffer(bytearray(graph.packed()), dtype=torch.uint8) for name, graph in made.items()
    }
    for name, value in model.state_dict().items():
        if not name.startswith(_ENCODER):
            tensors[name] = value.contiguous()
        elif embedded:
            tensors[name] = value.half().contiguous()
    head = {"format": FORMAT, "config": model.config.model_dump(mode="json"), "provenance": dict(provenance)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with complete_or_not_at_all(path) as partial:
        save_file(tensors, partial, metadata={_KEY: json.dumps(head)})


def _with_timbre(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """The weights of a format that told voices apart by the encoder's layers alone: they do not look at the timbre."""
    import torch

    grown = dict(tensors)
    for name, blank in (("voice.mean", 0.0), ("voice.std", 1.0), ("voice.matrix", 0.0)):
        if name in tensors:
            means, deviations = tensors[name].chunk(2, -1)
            unseen = torch.full((*means.shape[:-1], timbre.WIDTH), blank)
            grown[name] = torch.cat([means, unseen, deviations, unseen], -1)
    return grown


def _with_identities(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """The weights of a format whose identities had the face that the denoiser makes, and which knew no strangers."""
    import torch

    shape = len(tensors["identities.embeddings"]), len(tensors["face_mean"])
    told = {"identities.scale": torch.ones(shape), "identities.offset": torch.zeros(shape)}
    if "voice.matrix" in tensors:
        told["voice.others"] = torch.zeros(0, len(tensors["voice.matrix"]))
    return {**tensors, **told}


def _config(path: Path, head: Mapping[str, Any]) -> ModelConfig:
    try:
        return ModelConfig.model_validate(head["config"])
    except (ValidationError, KeyError) as error:
        raise FacewireError(f"{path}: the header does not describe a model: {error}") from error


def _require_numbers(path: Path, broken: list[str]) -> None:
    if broken:
        raise FacewireError(f"{path}: weights that are not numbers: {', '.join(broken[:3])}; fetch or train it again")


def _read(path: Path, kind: Literal["np", "pt"] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header, and as numpy's or torch's arrays what is in it; None: the header alone."""
    if not path.is_file():
        raise FacewireError(f"{path}: no such checkpoint; leave --checkpoint out to use the one that ships")
    try:
        with safe_open(path, framework=kind or "np") as file:
            text = (file.metadata() or {}).get(_KEY)
            values = {name: file.get_tensor(name) for name in file.keys()} if kind else {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FacewireError(f"{path}: not a whole safetensors file ({error}); fetch it again") from error
    if text is None:
        raise FacewireError(f"{path}: a safetensors file, but no facewire checkpoint (its header lacks {_KEY!r})")
    try:
        head = json.loads(text)
        newer = head["format"] > FORMAT
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FacewireError(f"{path}: its header cannot be read ({error}); fetch it again") from error
    if newer:
        raise FacewireError(f"{path}: format {head['format']}, this facewire reads {FORMAT}; update facewire")
    if head["format"] not in READABLE:
        raise FacewireError(f"{path}: format {head['format']}, of a GRU for the whole face; fetch or train it again")
    return head, values
