"""A checkpoint that carries its graphs gives the same face as torch, without torch."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from model import checkpoint, stream
from model.audio import read_audio
from model.onnx_checkpoint import open_checkpoint
from model.onnx_export import difference
from model.onnx_graphs import graphs
from model.onnx_runtime import OnnxRuntime
from model.onnx_session import Graph
from model.torch_runtime import TorchRuntime
from protocols.errors import FacewireError
from tests.model.test_shipped import DEMO
from tests.model.tiny import tiny_model, without_graphs

ROOT = Path(__file__).parents[2]
LIMIT = 1e-5
"""What two libraries may differ by in float32."""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "face.safetensors"
    checkpoint.save(tiny_model(), path, {})
    return path


def rewrite(path: Path, **changed: torch.Tensor) -> None:
    tensors = {name: value.clone() for name, value in load_file(path).items()} | changed
    save_file(tensors, path, metadata={"facewire": json.dumps(checkpoint.header(path))})


def test_the_face_is_torchs(saved: Path) -> None:
    model = checkpoint.load(saved)
    by_torch, by_onnx = TorchRuntime(model), open_checkpoint(saved)
    assert difference(by_onnx, by_torch) < LIMIT
    assert by_onnx.fingerprint == by_torch.fingerprint
    assert by_onnx.library.names == by_torch.library.names
    np.testing.assert_allclose(by_onnx.library.styles, by_torch.library.styles, rtol=0, atol=LIMIT)
    np.testing.assert_array_equal(by_onnx.library.voices, by_torch.library.voices)
    for part in ("projection", "detector"):
        one, other = (vars(getattr(runtime, part)) for runtime in (by_onnx, by_torch))
        for name in other:
            np.testing.assert_array_equal(one[name], other[name])


def test_the_face_that_ships_is_torchs_on_speech_for_everyone() -> None:
    speech = read_audio(DEMO)[:32_000]
    by_torch, by_onnx = TorchRuntime(checkpoint.load()), open_checkpoint(checkpoint.DEFAULT)
    for identity in (*by_torch.library.names, None):
        wanted = stream.render(by_torch, speech, identity=identity).weights
        np.testing.assert_allclose(
            stream.render(by_onnx, speech, identity=identity).weights, wanted, rtol=0, atol=LIMIT
        )


@pytest.mark.slow
def test_the_graphs_that_ship_are_those_that_this_code_makes() -> None:
    """Whoever changes how a face is computed saves the shipped checkpoint anew."""
    config, _, shipped = checkpoint.read(checkpoint.DEFAULT)
    for name, made in graphs(config).items():
        assert sorted(shipped[name].weights) == sorted(made.weights)
        nodes = [(node.op_type, len(node.input)) for node in _nodes(made)]
        assert [(node.op_type, len(node.input)) for node in _nodes(shipped[name])] == nodes


def _nodes(graph: Graph) -> list[object]:
    onnx = pytest.importorskip("onnx")
    return list(onnx.load_model_from_string(graph.proto).graph.node)


def test_graphs_hold_no_weights(saved: Path) -> None:
    """They do not know whose they are: equal weights, which an exporter would merge, stay apart."""
    blank = tiny_model()
    for weight in blank.state_dict().values():
        weight.zero_()
    other = saved.with_name("blank.safetensors")
    checkpoint.save(blank, other, {})
    one, two = (checkpoint.read(path)[2] for path in (saved, other))
    assert one == two
    assert "encoder.hubert.encoder.layers.0.final_layer_norm.bias" in one["encoder"].weights


def test_a_checkpoint_without_graphs_is_known_and_can_still_be_loaded(saved: Path) -> None:
    assert checkpoint.carries_graphs(saved)
    bare = saved.with_name("bare.safetensors")
    checkpoint.save(checkpoint.load(saved), bare, {}, with_graphs=False)
    assert not checkpoint.carries_graphs(bare)
    wanted = stream.render(TorchRuntime(checkpoint.load(saved)), np.ones(8_000, np.float32)).weights
    assert not checkpoint.carries_graphs(without_graphs(saved))
    np.testing.assert_array_equal(
        stream.render(TorchRuntime(checkpoint.load(saved)), np.ones(8_000, np.float32)).weights, wanted
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"graph.encoder": torch.zeros(9, dtype=torch.uint8)}, "damaged graph"),
        ({"face_mean": torch.zeros(51)}, "do not fit"),
        ({"face_mean": torch.full((52,), torch.nan)}, "face_mean"),
    ],
)
def test_what_is_broken_is_told_plainly(saved: Path, changed: dict[str, torch.Tensor], said: str) -> None:
    rewrite(saved, **changed)
    with pytest.raises(FacewireError, match=said):
        open_checkpoint(saved)


def test_a_graph_that_unpacks_to_much_more_is_none() -> None:
    bomb = Graph((), bytes(64 * 2**20)).packed()
    assert len(bomb) < 2**17
    with pytest.raises(ValueError, match="larger than"):
        Graph.unpacked(bomb)


def test_it_needs_no_torch(saved: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'onnx'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from model import stream\n"
        "from model.onnx_checkpoint import open_checkpoint\n"
        "print(stream.render(open_checkpoint(Path(sys.argv[1])), np.ones(16_000, np.float32)).weights.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, saved], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout == "(30, 52)\n"


def test_it_is_a_runtime_like_any_other(saved: Path) -> None:
    assert isinstance(open_checkpoint(saved), OnnxRuntime)
    assert open_checkpoint(saved).name == "onnx"
