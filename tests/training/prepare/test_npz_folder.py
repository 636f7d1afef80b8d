"""The form of the shared data: arrays by name beside sound."""

from pathlib import Path

import numpy as np
import pytest

from protocols import blendshapes
from protocols.errors import FacewireError
from tests.training.people import write_person
from training.datasets.dataset import Found, Skipped
from training.prepare import npz_folder

GRID = Path(__file__).parents[4] / "shared" / "data" / "grid_s1"


def write(folder: Path, **changed: object) -> Path:
    """A recording with some of its arrays changed."""
    path = write_person(folder, clips=1) / "clip00.npz"
    np.savez(path, **{**np.load(path), **changed})
    return path


def test_what_was_not_captured_and_what_was_measured_are_kept(tmp_path: Path) -> None:
    names = ["mouthClose", "JawOpen", "eyeBlink_L"]
    path = write(
        tmp_path, bs=np.tile([0.1, 0.2, 0.3], (75, 1)), names=names, captured=[True, True, False],
        conf=np.array([0.5, 1, 1], np.float32), ok=np.arange(75) != 3, lip_gap=np.arange(75),
    )  # fmt: skip
    path.with_suffix(".align").write_text(
        "0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 35500 at\n35500 41000 p\n", encoding="utf-8"
    )
    found = npz_folder.read(path, "nina", "CC0")
    known = {name: found.confidence[blendshapes.INDEX[name]] for name in ("mouthClose", "jawOpen", "eyeBlinkLeft")}
    assert known == {"mouthClose": 0.5, "jawOpen": 1, "eyeBlinkLeft": 0}
    assert found.confidence.sum() == 1.5
    np.testing.assert_allclose(found.curves[5, blendshapes.INDEX["jawOpen"]], 0.2)
    assert found.seen.sum() == 74
    assert found.lip_gap is not None
    assert found.lip_gap[74] == 74
    assert found.closures_s == (0.95, 1.18, 1.42)
    assert [path.suffix for path in found.beside] == [".flac", ".align"]


def test_broken_recordings_are_named(tmp_path: Path) -> None:
    good = write_person(tmp_path, clips=1) / "clip00.npz"
    for kind in "abcdefg":
        for suffix in (".npz", ".flac"):
            (tmp_path / f"{kind}{suffix}").write_bytes(good.with_suffix(suffix).read_bytes())
    arrays = dict(np.load(good))
    (tmp_path / "a.npz").write_bytes(good.read_bytes()[:500])
    np.savez(tmp_path / "b.npz", bs=arrays["bs"])
    np.savez(tmp_path / "c.npz", **{**arrays, "fps": 0})
    np.savez(tmp_path / "d.npz", **{**arrays, "ok": np.ones(3, bool)})
    (tmp_path / "e.flac").unlink()
    np.savez(tmp_path / "f.npz", **{**arrays, "names": [f"x{i}" for i in range(52)]})
    np.savez(tmp_path / "g.npz", **{**arrays, "bs": np.array([None])}, allow_pickle=True)
    items = list(npz_folder.recordings(sorted(tmp_path.glob("*.npz")), "nina", "CC0", lambda *_: False))
    told = {item.source.stem: item.reason for item in items if isinstance(item, Skipped) and item.broken}
    assert "".join(told) == "abcdefg"
    assert [item.recording for item in items if isinstance(item, Found)] == ["clip00"]
    assert "not an npz with bs, names and fps" in told["a"]
    assert "names" in told["b"]
    assert "fps is 0.0" in told["c"]
    assert "do not fit each other" in told["d"]
    assert told["e"] == "no sound: expected e.flac or .wav beside it"
    assert "not ARKit blendshapes: 'x0'" in told["f"]
    good.with_suffix(".align").write_text("0 23750 sil\nhello", encoding="utf-8")
    with pytest.raises(FacewireError, match="not a GRID alignment"):
        npz_folder.read(good, "nina", "CC0")


@pytest.mark.skipif(not GRID.is_dir(), reason=f"no recordings with real curves at {GRID}")
def test_a_shared_recording_is_read() -> None:
    found = npz_folder.read(GRID / "s1_bbaf2n.npz", "s1", "CC BY 4.0")
    assert (found.fps, found.curves.shape, int((found.confidence > 0).sum())) == (25, (75, 52), 41)
    assert set(found.confidence.tolist()) == {0, 0.5, 1}
    assert len(found.closures_s) > 0
