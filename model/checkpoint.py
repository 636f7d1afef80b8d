"""Checkpoints: one file holds a face model's weights, encoder, identities, normalisation and provenance.

With an embedded encoder it also holds the model's graphs for onnxruntime, and runs without torch.
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
"""The checkpoint that ships with facewire."""
FORMAT: Final = 9
"""The current format. Since format 8, a checkpoint with an embedded encoder carries its graphs; since format 9, its
config may name several hops, phones, and what was taken out of the sound."""
READABLE: Final = (3, 4, 5, 6, 7, 8, 9)
"""Formats that can be loaded. Before 3, one GRU moved the whole face; format 3 cannot tell voices apart."""
_KEY: Final = "facewire"
_ENCODER: Final = "encoder."
_GRAPH: Final = "graph."

Arrays = dict[str, NDArray[Any]]


def header(path: Path | str) -> dict[str, Any]:
    """Read the header: `format`, `config`, `provenance`.

    Raises FacewireError if the file is not a complete checkpoint.
    """
    return _read(Path(path), None)[0]


def carries_graphs(path: Path | str) -> bool:
    """Whether a checkpoint carries its graphs, so that it can run without torch.

    Raises FacewireError if the file is not a complete checkpoint.
    """
    header(path)
    with safe_open(path, framework="np") as file:
        return f"{_GRAPH}encoder" in file.keys()  # noqa: SIM118


def read(path: Path | str) -> tuple[ModelConfig, Arrays, dict[str, Graph]]:
    """Read a checkpoint's config, its weights by name, and the graphs that it carries (`model.onnx_graphs.graphs`).

    Needs no torch. Raises FacewireError, which says what is wrong.
    """
    path = Path(path)
    head, arrays = _read(path, "np")
    packed = {name.removeprefix(_GRAPH): arrays.pop(name) for name in list(arrays) if name.startswith(_GRAPH)}
    _require_numbers(path, [name for name, value in arrays.items() if not np.isfinite(value).all()])
    try:
        graphs = {name: Graph.unpacked(graph.tobytes()) for name, graph in packed.items()}
    except ValueError as error:
        raise FacewireError(f"{path}: contains a damaged graph ({error}); fetch it again") from error
    return _config(path, head), arrays, graphs


def load(path: Path | str | None = None, *, encoder: Path | str | None = None) -> "FaceModel":
    """Load the face model of a checkpoint (default: the one that ships), ready to use, on the CPU. Needs torch.

    `encoder` is the folder or hub id of the HubertModel, for checkpoints that do not embed theirs. It is refused if it
    is not the one that the denoiser was trained on. Raises FacewireError, which says what is wrong and what to try.
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
        raise FacewireError(f"{path}: the weights do not fit the header; fetch it again ({error})") from error
    _require_numbers(path, [name for name, value in model.state_dict().items() if not torch.isfinite(value).all()])
    return model.eval().requires_grad_(False)


def save(model: "FaceModel", path: Path | str, provenance: Mapping[str, Any], *, with_graphs: bool = True) -> None:
    """Write a checkpoint atomically: a half-written file never takes its place.

    The embedded encoder is stored in half precision, to which `model.encoder.embed` has rounded it; all other weights
    are stored as they are. With an embedded encoder, the graphs are added unless `with_graphs` is False. They take a
    second for every five denoising steps; a checkpoint without them still runs with torch.
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
    """Upgrade formats below 5, which told voices apart by the encoder's layers alone: the timbre gets no weight."""
    import torch

    grown = dict(tensors)
    for name, blank in (("voice.mean", 0.0), ("voice.std", 1.0), ("voice.matrix", 0.0)):
        if name in tensors:
            means, deviations = tensors[name].chunk(2, -1)
            unseen = torch.full((*means.shape[:-1], timbre.WIDTH), blank)
            grown[name] = torch.cat([means, unseen, deviations, unseen], -1)
    return grown


def _with_identities(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Upgrade formats below 6: identities get a scale of 1 and an offset of 0, and there are no strangers' voices."""
    import torch

    shape = len(tensors["identities.embeddings"]), len(tensors["face_mean"])
    added = {"identities.scale": torch.ones(shape), "identities.offset": torch.zeros(shape)}
    if "voice.matrix" in tensors:
        added["voice.others"] = torch.zeros(0, len(tensors["voice.matrix"]))
    return {**tensors, **added}


def _config(path: Path, head: Mapping[str, Any]) -> ModelConfig:
    try:
        return ModelConfig.model_validate(head["config"])
    except (ValidationError, KeyError) as error:
        raise FacewireError(f"{path}: the header does not describe a face model; fetch it again ({error})") from error


def _require_numbers(path: Path, broken: list[str]) -> None:
    if broken:
        raise FacewireError(f"{path}: weights are not finite: {', '.join(broken[:3])}; fetch or train it again")


def _read(path: Path, kind: Literal["np", "pt"] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the tensors, as numpy or torch arrays by `kind`; None reads the header alone."""
    if not path.is_file():
        raise FacewireError(f"{path}: no such checkpoint; leave --checkpoint out to use the one that ships")
    try:
        with safe_open(path, framework=kind or "np") as file:
            text = (file.metadata() or {}).get(_KEY)
            values = {name: file.get_tensor(name) for name in file.keys()} if kind else {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FacewireError(f"{path}: not a whole safetensors file ({error}); fetch it again") from error
    if text is None:
        raise FacewireError(f"{path}: a safetensors file, but not a facewire checkpoint (its header lacks {_KEY!r})")
    try:
        head = json.loads(text)
        newer = head["format"] > FORMAT
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FacewireError(f"{path}: its header cannot be read ({error}); fetch it again") from error
    if newer:
        raise FacewireError(f"{path}: format {head['format']}, but this facewire reads {FORMAT}; update facewire")
    if head["format"] not in READABLE:
        raise FacewireError(f"{path}: format {head['format']} is too old for this facewire; fetch or train it again")
    return head, values
