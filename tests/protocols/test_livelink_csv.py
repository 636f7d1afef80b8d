from fractions import Fraction

import numpy as np
import pytest

from protocols import livelink_csv
from protocols.blendshapes import COUNT, INDEX
from protocols.errors import FacewireError
from protocols.takes import Take, read, write
from tests.protocols.faces import moving


def csv_of(timecodes, base=30):
    """A csv with the given timecodes whose jawOpen tells the row's place among 100."""
    still = livelink_csv.format_take(np.zeros((1, COUNT), np.float32), np.zeros((1, 10), np.float32), Fraction(base))
    header, row = still.replace("BlendshapeCount", "BlendShapeCount").splitlines()  # as the app wrote it until 2024
    cells = row.split(",")
    lines = [header]
    for timecode, place in timecodes:
        lines.append(",".join([timecode, *cells[1:19], f"{place / 100}", *cells[20:]]))
    return "\n".join(lines) + "\n"


def test_golden_csv(tmp_path):
    weights = np.zeros((31, COUNT), np.float32)
    weights[30, INDEX["jawRight"]], weights[30, INDEX["tongueOut"]] = 0.25, 1
    poses = np.zeros((31, 10), np.float32)
    poses[30] = [90, 45, 30, 0.1, 0.2, 0.3, -15, 5, 7.5, -4]
    write(tmp_path / "take.csv", Take(weights, Fraction(30), poses))
    lines = (tmp_path / "take.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    assert len(header) == 63
    assert header[:3] == ["Timecode", "BlendshapeCount", "EyeBlinkLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[20:25] == ["MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft"]
    assert header[53:] == [
        "TongueOut", "HeadYaw", "HeadPitch", "HeadRoll",
        "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
    ]  # fmt: skip
    assert [line.split(",")[0] for line in lines[1:3]] == ["00:00:00:00.000", "00:00:00:01.000"]
    zero = ["0.000000"]
    assert lines[31].split(",") == [
        "00:00:01:00.000", "61", *zero * 15, "0.250000", *zero * 35, "1.000000",
        "1.570796", "0.785398", "-0.523599",
        "-0.261799", "0.087266", *zero, "0.130900", "-0.069813", *zero,
    ]  # fmt: skip
    assert lines[1].split(",")[54:] == zero * 9


def test_lost_frames_are_interpolated(tmp_path):
    kept = [frame for frame in range(60) if frame not in (20, 21)]
    rows = [(f"10:00:0{n // 30}:{n % 30:02}.000", n) for n in kept]
    (tmp_path / "take.csv").write_text(csv_of(rows), encoding="utf-8")
    take = read(tmp_path / "take.csv")
    assert take.fps == 30
    np.testing.assert_allclose(take.weights[:, INDEX["jawOpen"]], np.arange(60) / 100, atol=1e-6)


def test_recording_past_midnight(tmp_path):
    rows = [(f"23:59:59:{n:02}.500", n) for n in range(30)] + [(f"00:00:00:{n:02}.500", 30 + n) for n in range(30)]
    (tmp_path / "take.csv").write_text(csv_of(rows), encoding="utf-8")
    assert len(read(tmp_path / "take.csv").weights) == 60


def test_header_in_another_case_with_a_mark_and_empty_lines(tmp_path):
    write(tmp_path / "take.csv", moving(40))
    text = (tmp_path / "take.csv").read_text(encoding="utf-8")
    text = text.replace("BlendshapeCount", "BLENDSHAPECount").replace("\n", "\r\n\r\n")
    (tmp_path / "again.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    np.testing.assert_array_equal(read(tmp_path / "again.csv").weights, read(tmp_path / "take.csv").weights)


GOOD = csv_of([(f"00:00:0{n // 30}:{n % 30:02}.000", n) for n in range(40)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "header"),
        ("a,b\n", "Timecode"),
        (GOOD.splitlines()[0], "no frames"),
        (GOOD.replace("JawOpen", "JawWide"), "missing blendshapes: jawOpen"),
        (GOOD.replace("HeadYaw", "HeadNod"), "'HeadNod'"),
        (GOOD.replace("JawRight", "JawOpen"), "missing blendshapes: jawRight"),
        (GOOD.replace("0.39", "nan"), "frame 39: jawOpen is not a number"),
        (GOOD.replace("0.39", "1e300"), "frame 39: jawOpen is not a number"),
        (GOOD.replace("0.39", "much"), "not all values are numbers.*much"),
        (GOOD.replace("0.39,", ""), "row 41 has 62 columns, the header 63"),
        (GOOD.replace("00:00:01:09.000", "00:00:01:07.000"), "time does not advance at frame 39"),
        (GOOD.replace("00:00:01:09.000", "1.3"), "row 41: timecode '1.3'"),
        (GOOD.replace("00:00:01:09.000", "00:00:01:900.0"), "901 frames in a second"),
        ("\n".join(GOOD.splitlines()[:5]), "shorter than a second"),
    ],
)
def test_broken_csv(tmp_path, text, said):
    (tmp_path / "take.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FacewireError, match=said) as caught:
        read(tmp_path / "take.csv")
    assert "take.csv" in str(caught.value)
