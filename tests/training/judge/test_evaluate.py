from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model import checkpoint, schedule, stream
from model.face import FaceModel
from model.identity_file import Identity
from model.runtime import Runtime
from model.stream_state import StreamState
from model.torch_runtime import TorchRuntime
from protocols import blendshapes
from protocols.errors import FacewireError
from tests.model.tiny import tiny_model
from tests.training.people import person
from training.datasets.clips import Clip
from training.datasets.splits import split_of
from training.judge.animate import WINDOWS, animate, pair, remembered
from training.judge.evaluate import all_figures, baselines, figures, judged, long_stream, skipping, takes, to_teacher
from training.judge.live import live_figures
from training.judge.tables import Column, figures_table
from training.prepare import npz_folder

pytestmark = pytest.mark.slow

GRID = Path(__file__).parents[4] / "shared" / "data" / "grid_s1"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return person(tmp_path_factory.mktemp("alma"), "alma", "train", clips=6)


def test_clips_together_get_the_faces_they_get_alone(clips: list[Clip]) -> None:
    model = tiny_model()
    shorter = replace(clips[1], pcm=clips[1].pcm[:30_000] // 2 + 9_000)  # with an offset, which goes on after its end
    faces = animate(model, [clips[0], shorter], seed=2, lookahead_ms=160)
    for index, clip in enumerate((clips[0], shorter)):
        alone = stream.render(TorchRuntime(model), clip.samples, seed=2000 + index, identity="alma").weights
        np.testing.assert_allclose(faces[index], alone, rtol=0, atol=1e-5)


def test_whoever_is_in_the_library_is_known(clips: list[Clip]) -> None:
    model, vera = tiny_model(), [replace(clip, identity="vera") for clip in clips[:2]]
    own = TorchRuntime(model).library
    features, ones = own.styles[0, : -2 * blendshapes.COUNT], np.ones(blendshapes.COUNT, np.float32)
    still = Identity("vera", "", features, features, 0 * ones, 0.25 * ones, own.voices[0])
    unknown = animate(model, vera, seed=0, lookahead_ms=160)
    np.testing.assert_array_equal(unknown[0], animate(model, vera, seed=0, lookahead_ms=160, library=own)[0])
    for face in animate(model, vera, seed=0, lookahead_ms=160, library=own.enrolled(still)):
        np.testing.assert_allclose(face, 0.25, atol=1e-6)


def test_a_perfect_face_has_perfect_figures_and_noise_has_not(clips: list[Clip]) -> None:
    real = [clip.at(np.arange(90) / 30)[0] for clip in clips]
    perfect = figures([pair(c, f, 30) for c, f in zip(clips, real, strict=True)], 30)
    assert perfect["lip error 27"] == perfect["FDD abs"] == 0
    assert perfect["jaw r"] == pytest.approx(1)
    assert perfect["amplitude lips"] == perfect["jitter upper"] == perfect["blinks to real"] == pytest.approx(1)
    assert "closure recall" not in perfect  # nobody said a word
    found = all_figures(tiny_model(), clips[:2], 160, seeds=(0, 1))
    assert found["lip error 27"].mean > 0.1
    assert found["lip error 27"].deviation is not None
    assert found["spread over seeds, upper face"].mean > found["spread over seeds, jaw"].mean == 0
    assert found["spread over seeds, jaw, noise on lips"].mean > 2 * found["spread over seeds, jaw"].mean
    assert "jaw in noise of -60 dBFS" in found
    calm = {"mouth moves in fan at -40 dBFS", "jaw in music at -20 dBFS", "mouth differs at -40 dB"}
    assert calm <= set(found)
    assert not calm & set(all_figures(tiny_model(), clips[:1], 80, seeds=(0,)))  # at its own lookahead only


def test_channels_that_were_not_captured_do_not_count(clips: list[Clip]) -> None:
    lips_only = np.isin(np.arange(52), blendshapes.LIPS_27).astype(np.float32)
    half = [replace(clip, confidence=lips_only) for clip in clips]
    faces = animate(tiny_model(), half, seed=0, lookahead_ms=160)
    found = figures([pair(c, f, 30) for c, f in zip(half, faces, strict=True)], 30)
    assert not {"FDD abs", "jitter upper", "blinks to real"} & set(found)
    assert found["MBE 51"] == pytest.approx(found["lip error 27"])


def test_a_clip_s_face_does_not_depend_on_who_is_streamed_beside_it(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model()
    uneven = [replace(clip, pcm=clip.pcm[: 20_000 + 7_001 * k]) for k, clip in enumerate(clips[:4])]
    together = animate(model, uneven, seed=1, lookahead_ms=80)
    monkeypatch.setattr("training.judge.animate.SESSIONS", 1)
    monkeypatch.setattr("training.judge.animate.WINDOWS", 5)
    for one, other in zip(together, animate(model, uneven, seed=1, lookahead_ms=80), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_a_long_recording_is_heard_a_bit_at_a_time(clips: list[Clip], monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    model = tiny_model()
    plain = model.encoder.encode_layers
    monkeypatch.setattr(
        model.encoder, "encode_layers", lambda windows, layers: heard.append(len(windows)) or plain(windows, layers)
    )
    long = replace(clips[0], pcm=np.tile(clips[0].pcm, 20))
    (face,) = animate(model, [long], seed=0, lookahead_ms=0)
    assert len(face) == 20 * 90
    assert max(heard) == WINDOWS
    assert sum(heard) == 600


def test_what_was_heard_before_is_remembered_and_sounds_the_same(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, calls = tiny_model(), 0
    plain = model.encoder.encode_layers

    def counted(*given: object) -> object:
        nonlocal calls
        calls += 1
        return plain(*given)

    monkeypatch.setattr(model.encoder, "encode_layers", counted)
    alone = animate(model, clips[:2], seed=3, lookahead_ms=160)
    needed, calls = calls, 0
    with remembered(model):
        animate(model, clips[:2], seed=0, lookahead_ms=160)
        again = animate(model, clips[:2], seed=3, lookahead_ms=160)
        assert calls == needed
        assert "ms per frame" in live_figures(model, clips[:1], 160)
        assert calls > needed  # time is not measured from memory
    np.testing.assert_array_equal(again, alone)
    monkeypatch.setattr("training.judge.animate.REMEMBERED", 0)
    with remembered(model):
        calls = 0
        animate(model, clips[:1], seed=0, lookahead_ms=160)
        animate(model, clips[:1], seed=0, lookahead_ms=160)
        assert calls == 2


def test_live_and_offline_are_one_face_and_a_stream_that_forgets_is_found_out(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = live_figures(tiny_model(), clips, 160)
    assert found["live-offline difference"] < 1e-5
    assert 0 < found["ms per frame, denoiser"] < found["ms per frame"]
    step = stream.step

    def forgetful(runtime: Runtime, state: StreamState, windows: np.ndarray, **also: np.ndarray | None) -> object:
        return step(runtime, replace(state, hidden=np.zeros_like(state.hidden)), windows, **also)

    monkeypatch.setattr(stream, "step", forgetful)
    assert live_figures(tiny_model(), clips, 160)["live-offline difference"] > 1e-3


def test_the_distance_to_a_teacher_is_that_of_the_same_seed(clips: list[Clip]) -> None:
    teacher = tiny_model()
    teacher.config = teacher.config.model_copy(update={"steps": 32})
    teacher.schedule = schedule.linear(32, 32)
    assert skipping(teacher, 8).schedule.steps == tiny_model().schedule.steps
    torch.testing.assert_close(skipping(teacher, 8).schedule.alpha_bar, teacher.schedule.alpha_bar)
    found = to_teacher(skipping(teacher, 8), teacher, clips[:2], 160, seeds=(0, 1))
    assert found["distance to teacher, to skipping"].mean == pytest.approx(1)
    assert found["distance to teacher"].mean > 1e-3
    assert found["distance to teacher"].deviation is not None
    assert to_teacher(teacher, teacher, clips[:1], 160, seeds=(0,))["distance to teacher"].mean == 0
    with pytest.raises(FacewireError, match="give the checkpoint that the student was distilled from"):
        skipping(tiny_model(), 32)


def test_the_long_stream_is_cut_where_it_is_long_enough(clips: list[Clip], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.judge.evaluate.LONG_S", 4)
    lengths: list[int] = []

    def noted(model: FaceModel, streams: list[Clip], **options: object) -> list[np.ndarray]:
        lengths.append(len(streams[0]))
        return [np.zeros((120, 52), np.float32) + np.arange(120)[:, None]]

    monkeypatch.setattr("training.judge.evaluate.animate", noted)
    assert "jaw r, one long stream" in long_stream(tiny_model(), clips, 160)
    assert lengths == [4 * 16_000]


def test_the_table_has_a_row_for_each_figure(clips: list[Clip]) -> None:
    found = baselines(clips, tiny_model())
    text = figures_table(found)
    assert text.splitlines()[0] == "| figure | mean face | another clip |"
    assert "| jaw r | " in text
    assert "another clip" not in baselines(clips[:1], tiny_model())
    assert found["mean face"]["lip error 27"].mean > 0


@pytest.mark.skipif(not GRID.is_dir(), reason=f"no recordings with real curves at {GRID}")
def test_sounds_of_other_sentences_and_an_encoder_that_hears_nothing_are_visibly_worse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = [path for path in sorted(GRID.glob("*.npz")) if split_of(path.stem) == "test"][:8]
    clips = [npz_folder.read(path, "s1", "CC BY 4.0").clip() for path in paths]
    exchanged = [replace(clip, pcm=other.pcm) for clip, other in zip(clips, clips[1:] + clips[:1], strict=True)]
    model = checkpoint.load()

    def found(heard: list[Clip]) -> Column:
        return judged(model, heard, takes(model, heard, 160, (0,)))

    right, wrong = found(clips), found(exchanged)
    assert right["lip error 27"].mean < 0.145
    assert right["jaw r"].mean > 0.83
    assert right["closure recall"].mean > 0.85
    assert 0.8 < right["amplitude lips"].mean < 1.1
    assert right["jitter upper"].mean < 1.3
    plain = model.encoder.encode_layers
    monkeypatch.setattr(model.encoder, "encode_layers", lambda *given: tuple(0 * each for each in plain(*given)))
    deaf = found(clips)
    for worse in (wrong, deaf):
        assert worse["jaw r"].mean < right["jaw r"].mean - 0.2
        assert worse["lip error 27"].mean > 1.3 * right["lip error 27"].mean
        assert worse["closure recall"].mean < right["closure recall"].mean
