"""BEAT's layout: names, languages, emotions, 51 shapes at 60 fps; and what is broken is named."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from protocols import blendshapes
from protocols.errors import FacewireError
from training.datasets.dataset import Found, Skipped
from training.prepare import beat

LAYOUT = Path(__file__).parents[4] / "shared" / "data" / "beat_layout"
JAW = blendshapes.INDEX["jawOpen"]


def write(
    folder: Path, stem: str, seconds: float = 2, rate_hz: int = 16_000, names: tuple[str, ...] = blendshapes.BEAT
) -> Path:
    """A recording whose jaw opens steadily; its columns are named in any order."""
    path = folder / stem.split("_")[0] / f"{stem}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = int(seconds * 60)
    rows = [[round(i / frames, 4) if name == "jawOpen" else 0.0 for name in names] for i in range(frames)]
    took = [{"weights": row, "time": round(i / 60, 6), "rotation": []} for i, row in enumerate(rows)]
    path.write_text(json.dumps({"names": list(names), "frames": took}), encoding="utf-8")
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, int(seconds * rate_hz))
    soundfile.write(path.with_suffix(".wav"), noise, rate_hz)
    return path


def read(folder: Path) -> list[Found | Skipped]:
    return list(beat.recordings(beat.listed(folder), "its own", lambda *_: False))


@pytest.mark.parametrize(
    ("sentence", "emotion"),
    [
        (0, "neutral"), (64, "neutral"), (65, "happiness"), (72, "happiness"), (73, "anger"), (80, "anger"),
        (81, "sadness"), (86, "sadness"), (87, "contempt"), (94, "contempt"), (95, "surprise"), (102, "surprise"),
        (103, "fear"), (110, "fear"), (111, "disgust"), (118, "disgust"), (119, None),
    ],
)  # fmt: skip
def test_both_ends_of_a_range_of_sentences_have_its_emotion(sentence: int, emotion: str | None) -> None:
    assert beat.parse(f"2_scott_0_{sentence}_{sentence}").emotion == emotion


def test_names_say_who_speaks_what() -> None:
    assert beat.parse("2_scott_0_103_110") == beat.Name("2", "scott", "english", "fear")
    assert beat.parse("2_scott_0_1_110").emotion is None
    assert beat.parse("12_zhao_3_103_103") == beat.Name("12", "zhao", "chinese", "neutral")  # a conversation
    assert [beat.parse(f"1_a_{kind}_1_1").language[0] for kind in range(8)] == list("eeccssjj")
    assert beat.parse("5_stewart_0_65_b").emotion == "happiness"  # the second half of a recording
    for name in ("scott", "scott_0_1_1", "2_scott_8_1_1", "2_scott_0_1", "2_scott_0_1_1_1"):
        with pytest.raises(FacewireError, match="not named as BEAT's"):
            beat.parse(name)


def test_shapes_are_mapped_by_name_and_the_rate_is_the_files_own(tmp_path: Path) -> None:
    write(tmp_path, "2_scott_0_65_65", names=tuple(reversed(blendshapes.BEAT)), rate_hz=48_000)
    (found,) = read(tmp_path)
    assert isinstance(found, Found)
    assert (found.recording, found.speaker, found.emotion, found.fps) == ("2_scott_0_65_65", "scott", "happiness", 60)
    np.testing.assert_allclose(found.curves[:, JAW], np.arange(120) / 120, atol=1e-4)
    assert np.delete(found.curves, JAW, 1).max() == 0
    assert len(found.samples) == 32_000  # 48 kHz is resampled
    assert found.confidence.sum() == 51
    assert found.confidence[blendshapes.INDEX["tongueOut"]] == 0


def test_speakers_and_english_are_selected(tmp_path: Path) -> None:
    for stem in ("1_wayne_0_1_1", "1_wayne_1_1_1", "2_scott_0_1_1", "12_zhao_2_1_1", "12_zhao_0_1_1"):
        write(tmp_path, stem, seconds=0.1)
    assert len(beat.listed(tmp_path)) == 5
    english = [path.stem for path in beat.listed(tmp_path, english=True)]
    assert english == ["1_wayne_0_1_1", "1_wayne_1_1_1", "12_zhao_0_1_1", "2_scott_0_1_1"]
    for same in ("2", "Scott", "2_scott"):
        assert [path.stem for path in beat.listed(tmp_path, [same])] == ["2_scott_0_1_1"]
    assert len(beat.listed(tmp_path, ["wayne", "12"], english=True)) == 3
    with pytest.raises(FacewireError, match=r"no speaker nobody; there are 12_zhao, 1_wayne, 2_scott"):
        beat.listed(tmp_path, ["nobody", "1"])
    (tmp_path / "1" / "._1_wayne_0_1_1.json").write_bytes(b"what other systems leave behind")
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    assert len(beat.listed(tmp_path)) == 5
    (tmp_path / "empty").mkdir()
    with pytest.raises(FacewireError, match=r"no \.json files"):
        beat.listed(tmp_path / "empty")
    with pytest.raises(FacewireError, match="no such folder"):
        beat.listed(tmp_path / "nowhere")


def test_each_broken_recording_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path, "1_wayne_0_9_9")
    torn = write(tmp_path, "1_wayne_0_1_1")
    torn.write_text(torn.read_text(encoding="utf-8")[:1000], encoding="utf-8")
    no_number = write(tmp_path, "1_wayne_0_2_2")
    no_number.write_text(no_number.read_text(encoding="utf-8").replace(" 0.0083,", " NaN,", 1), encoding="utf-8")
    write(tmp_path, "1_wayne_0_3_3").with_suffix(".wav").unlink()
    write(tmp_path, "1_wayne_0_4_4").with_suffix(".wav").write_bytes(b"no sound at all")
    write(tmp_path, "1_wayne_0_5_5", names=blendshapes.BEAT[:-3])
    back = write(tmp_path, "1_wayne_0_6_6")
    back.write_text(back.read_text(encoding="utf-8").replace('"time": 1.0,', '"time": 0.5,'), encoding="utf-8")
    write(tmp_path, "1_wayne_0_7_7").rename(tmp_path / "1" / "wayne.json")
    *skipped, last = sorted(read(tmp_path), key=lambda item: isinstance(item, Found))
    assert isinstance(last, Found)
    assert last.recording == "1_wayne_0_9_9"
    told = {item.source.stem: item.reason for item in skipped if isinstance(item, Skipped) and item.broken}
    assert len(told) == 7
    assert "not a take in BEAT's layout" in told["1_wayne_0_1_1"]
    assert told["1_wayne_0_2_2"] == "frame 1: jawOpen is not a number"
    assert told["1_wayne_0_3_3"] == "no sound: expected 1_wayne_0_3_3.wav beside it"
    assert "1_wayne_0_4_4.wav: not a sound file" in told["1_wayne_0_4_4"]
    assert told["1_wayne_0_5_5"].startswith("missing blendshapes: mouthUpperUpRight, noseSneerLeft")
    assert told["1_wayne_0_6_6"] == "time does not advance at frame 60"
    assert "not named as BEAT's" in told["wayne"]
    assert str(tmp_path) not in "".join(told.values())


@pytest.mark.skipif(not LAYOUT.is_dir(), reason=f"no recordings in BEAT's layout at {LAYOUT}")
def test_the_shared_recordings_are_read() -> None:
    found = list(beat.recordings(beat.listed(LAYOUT), "CC BY 4.0", lambda *_: False))
    assert all(isinstance(item, Found) and item.fps == 60 and item.emotion == "neutral" for item in found)
    by_name = {item.recording: item for item in found if isinstance(item, Found)}
    assert set(by_name) == {"1_grid_0_1_1", "1_grid_0_2_2", "2_shirley_0_1_1"}
    first = json.loads((LAYOUT / "1" / "1_grid_0_1_1.json").read_bytes())
    column = first["names"].index("jawOpen")
    real = [frame["weights"][column] for frame in first["frames"]]
    np.testing.assert_allclose(by_name["1_grid_0_1_1"].curves[:, JAW], real, atol=1e-6)
