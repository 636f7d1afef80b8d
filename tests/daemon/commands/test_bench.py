import json
from pathlib import Path

import pytest

from daemon.animate import exports
from tests.daemon.commands.shell import facewire, refused
from tests.model.test_encoder import base_like


@pytest.mark.slow
def test_bench_measures_an_encoder_that_no_face_was_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache" / "facewire"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    monkeypatch.setattr(exports, "user_cache_path", lambda *_, **__: cache)
    base_like().save_pretrained(tmp_path / "hubert")
    options = ["bench", "--json", "--untrained", "--encoder", str(tmp_path / "hubert")]
    result = facewire(*options, "--runtime", "onnx-int8")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    named = {cost["what"].partition(":")[0] for cost in report["costs"]}
    assert {"onnx", "onnx-int8", "torch"} <= named
    assert report["runtime"] == "onnx-int8"
    assert not list(cache.iterdir())
    assert "leave --checkpoint out" in refused(*options, "--checkpoint", "face.safetensors")


@pytest.mark.slow
def test_bench_measures_every_stage(checkpoint: str) -> None:
    result = facewire("bench", "--json", "--checkpoint", checkpoint)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [cost["what"] for cost in report["costs"]] == [
        "onnx: hop, cleaning and level",
        "onnx: hop, encoder",
        "onnx: hop, denoiser",
        "onnx: hop, all together",
        "onnx-int8: hop, cleaning and level",
        "onnx-int8: hop, encoder",
        "onnx-int8: hop, denoiser",
        "onnx-int8: hop, all together",
        "torch: hop, cleaning and level",
        "torch: hop, encoder",
        "torch: hop, denoiser",
        "torch: hop, all together",
        "frame, encode livelink",
        "frame, encode vmc",
        "frame, encode osc",
        "frame, encode zmq",
    ]
    assert all(0 < cost["median_ms"] <= cost["p95_ms"] for cost in report["costs"])
    assert report["runtime"] == "onnx"
    assert report["startup_s"] > 0
    assert report["machine"]["threads used"] == "1"
