"""Losses and targets against hand-computed cases and independent references."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model import schedule
from model.denoiser import Denoiser
from model.face import FaceModel
from model.noise import ONE_FACE, correlated
from model.sampler import ddim
from protocols import blendshapes
from tests.model.tiny import tiny_model
from training import recipe
from training.fit import distill, loop, losses, ranks, segments
from training.passages.shards import Passages
from training.passages.standardise import standardise


def test_the_distillation_target_lands_where_two_teacher_steps_land() -> None:
    levels = schedule.linear(32, 16)
    draw = torch.Generator().manual_seed(0)
    x, end = torch.randn(3, 4, 52, generator=draw), torch.randn(3, 4, 52, generator=draw)
    t = torch.tensor([2, 16, 32])
    x0 = distill.target(levels, x, end, t, t - 2)
    torch.testing.assert_close(ddim(levels, x, x0, t, t - 2), end, rtol=1e-3, atol=1e-3)


def test_training_noise_is_of_the_kind_of_run_time() -> None:
    drawn = segments.correlated(4, 4_000, [0.8, 0.88] * 26, torch.Generator().manual_seed(0)).numpy()
    live = correlated(0, 0, 4_000, [0.8, 0.88] * 26)
    for noise in (drawn[0], live):
        assert noise.std() == pytest.approx(1, abs=0.05)
        assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(0.976, abs=0.02)


def test_losses_are_those_of_the_paper() -> None:
    face, weight = torch.zeros(2, 3, 52), torch.ones(2, 3, 52)
    made = face.clone()
    made[:, :, 17] = 2.0  # jawOpen
    made[:, 1, 0] = 1.0  # a blink in one frame
    assert losses.expression(made, face, weight).item() == pytest.approx((2 * 3 * 4 + 2) / (2 * 3 * 52))
    assert losses.lip(made, face, weight).item() == pytest.approx(4 / 27)
    assert losses.velocity(made, face, weight).item() == pytest.approx(2 * 2 / (2 * 2 * 52))
    weight[:, :, 17] = 0
    assert losses.lip(made, face, weight).item() == 0
    snr = torch.tensor([0.1, 3.0])
    same = torch.ones(2, 3, 52)
    assert losses.distillation(same, face, same, snr).item() == pytest.approx(2.0)
    scores = torch.tensor([[0.7, 0.0], [0.0, 0.7]])
    wanted = torch.nn.functional.cross_entropy(scores / 0.07, torch.tensor([0, 1]))
    torch.testing.assert_close(losses.contrast(scores, torch.tensor([0, 1])), wanted)


def test_velocity_counts_where_both_frames_are_known() -> None:
    """Before and after a gap the face jumps to what was never observed: nothing to learn from."""
    face, weight = torch.zeros(1, 6, 52), torch.ones(1, 6, 52)
    weight[:, 2:4, 17] = 0
    made = face.clone()
    made[:, 2:4, 17] = 5.0
    assert losses.velocity(made, face, weight).item() == 0
    made[:, 1, 17] = 1.0  # seen, as the frame before it
    counted = 5 * 51 + 2
    assert losses.velocity(made, face, weight).item() == pytest.approx(1 / counted)
    weight[:, 0, 17] = 0.25
    assert losses.velocity(made, face, weight).item() == pytest.approx(0.25 / (counted - 0.75))


def test_the_contrast_loss_is_that_of_its_equation() -> None:
    """Equation 14 in loops, over the voices whose identity is known."""
    draw = np.random.default_rng(0)
    voices, library = draw.standard_normal((6, 16)), draw.standard_normal((3, 16))
    voices, library = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (voices, library))
    identity, unknown = [0, 2, 3, 1, 3, 0], 3
    terms = []
    for voice, who in zip(voices, identity, strict=True):
        if who != unknown:
            likeness = [np.exp(voice @ each / losses.TEMPERATURE) for each in library]
            terms.append(-np.log(likeness[who] / sum(likeness)))
    made = losses.contrast(torch.from_numpy(voices @ library.T), torch.tensor(identity))
    assert made.item() == pytest.approx(np.mean(terms))
    nobody = losses.contrast(torch.from_numpy(voices @ library.T), torch.full((6,), unknown))
    assert nobody.item() == 0


def teacher_of(steps: int) -> FaceModel:
    model = tiny_model()
    model.config = model.config.model_copy(update={"steps": steps})
    model.schedule = schedule.linear(32, steps)
    return model


def segment(model: FaceModel, t: list[int]) -> segments.Segment:
    draw = torch.Generator().manual_seed(5)
    count, width = len(t), model.config.encoder.width
    audio = torch.randn(count, 7, 5, width, generator=draw)
    face, noise = (torch.randn(count, 7, 52, generator=draw) for _ in range(2))
    identity = torch.zeros(count, dtype=torch.int64)
    return segments.Segment(
        audio, face, torch.ones_like(face), noise, torch.tensor(t), identity, identity, identity, torch.zeros(count)
    )


@pytest.mark.parametrize("steps", [32, 16, 8, 2])
def test_the_students_target_is_the_closed_form_of_two_ddim_steps(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A teacher that says a at t and b at m, in between, wants A a + B b (worked out by hand from eq. 8 and 9)."""
    teacher, student = teacher_of(steps), teacher_of(steps // 2)
    stride = 32 // steps
    given = segment(student, list(student.schedule.steps))
    said = torch.randn(33, generator=torch.Generator().manual_seed(1))

    def say(x: torch.Tensor, _: object, t: torch.Tensor, state: object) -> tuple[torch.Tensor, torch.Tensor]:
        return said[t][:, None, None].expand_as(x), torch.zeros(2, len(x), 24)

    for model in (teacher, student):
        monkeypatch.setattr(model.denoiser, "forward", say)
    outcome = distill.student_loss(student, teacher)(given, [])
    errors = []
    for t in student.schedule.steps:
        m, s = t - stride, t - 2 * stride
        bar = teacher.schedule.alpha_bar.numpy()
        (at, am, as_), (st, sm, ss) = np.sqrt(bar[[t, m, s]]), np.sqrt(1 - bar[[t, m, s]])
        a, b = ss / sm * am - ss / st * at, as_ - ss / sm * am
        target = (a * said[t].item() + b * said[m].item()) / (a + b)
        errors.append(max(bar[t] / (1 - bar[t]), 1) * (said[t].item() - target) ** 2)
    assert outcome.total.item() == pytest.approx(np.mean(errors), rel=1e-3)


def test_a_student_alone_sees_the_noise_that_faces_are_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, student = teacher_of(16), teacher_of(8)
    seen = []
    monkeypatch.setattr(
        student.denoiser, "forward", lambda x, *rest: (seen.append(x), Denoiser.forward(student.denoiser, x, *rest))[1]
    )
    given = segment(student, [32, 32])
    distill.student_loss(student, teacher)(given, [])
    lips, eyes = list(blendshapes.LIPS_27), [blendshapes.INDEX[f"eyeBlink{side}"] for side in ("Left", "Right")]
    assert seen[0][0][:, lips].std() < 0.01 < 0.5 < seen[0][1][:, lips].std()
    torch.testing.assert_close(seen[0][..., eyes[0]], seen[0][..., eyes[1]], atol=0.01, rtol=0)
    assert seen[0][..., eyes].std() > 0.5


def test_beside_the_other_losses_distillation_has_the_papers_weight() -> None:
    teacher, student = teacher_of(16), teacher_of(8)
    given = segment(student, [4, 16])
    given = replace(given, noise=given.noise[..., ONE_FACE])  # alone, a student sees that of run time
    given.noise[..., list(blendshapes.LIPS_27)] = 0
    alone = distill.student_loss(student, teacher)(given, [])
    beside = distill.student_loss(student, teacher, recipe.LossWeights())(given, [])
    others = loop.teacher_loss(student)(given, [])
    assert set(alone.terms) == {"distillation"}
    torch.testing.assert_close(beside.total, others.total + 0.1 * alone.total)
    terms = others.terms
    wanted = terms["expression"] + terms["lip"] + 0.007 * terms["contrast"] + 0.5 * terms["velocity"]
    torch.testing.assert_close(others.total, wanted)
    without = loop.teacher_loss(student, recipe.LossWeights(lip=0, velocity=0))(given, [])
    torch.testing.assert_close(without.total, terms["expression"] + 0.007 * terms["contrast"])


def test_a_step_draws_its_lengths_and_two_processes_share_what_one_would_see(monkeypatch: pytest.MonkeyPatch) -> None:
    model, draw = tiny_model(), torch.Generator().manual_seed(0)
    shard = {
        "audio": torch.randn(5, 90, 5, 16, generator=draw),
        "face": torch.rand(5, 90, 52, generator=draw),
        "weight": torch.ones(5, 90, 52),
        "identity": torch.tensor([0, 1, 0, 1, 0]),
        "lookahead": torch.tensor([0, 1, 2, 3, 4]),
    }
    passages, settings = Passages([shard]), recipe.load("smoke").fit
    drawn = [list(segments.segments(model, passages, settings, (8, 16, 32), step)) for step in range(12)]
    lengths = [{each.audio.shape[1] for each in stretch} for stretch in drawn]
    assert all(len(length) == 1 for length in lengths)
    assert 15 <= min(map(min, lengths)) < max(map(max, lengths)) <= 30
    assert all(stretch[0].fresh.sum() == 0 for stretch in drawn)
    firsts = (shard["face"][:, 0] - model.face_mean) / model.face_std
    for step in range(3):  # where streams begin, each stretch begins with the first frame of its passage
        whole = replace(settings, starts=1.0, unknown=0.0)
        first = next(iter(segments.segments(model, passages, whole, (8,), step)))
        assert torch.cdist(first.face[:, 0], firsts).amin(1).max() < 1e-3
    lips, jaw = list(blendshapes.LIPS_27), blendshapes.INDEX["jawOpen"]
    louder = next(iter(segments.segments(model, passages, replace(settings, lip_noise=3.0, jaw=2.0), (8,), 0)))
    assert louder.noise[..., lips].std() / louder.noise[..., list(blendshapes.UPPER)].std() == pytest.approx(3, rel=0.2)
    assert (louder.weight[..., jaw] == 2).all()
    assert louder.weight.sum(-1).max() == 53
    each = [near for step in range(40) for near in _mirrored_passages(model, passages, settings, step)]
    assert {known for known, mirrored in each if mirrored} == {False}  # nobody whom we know is
    assert 0.3 < np.mean([mirrored for known, mirrored in each if not known]) < 0.7
    monkeypatch.setattr(ranks, "world", lambda: 2)
    parts = []
    for number in range(2):
        monkeypatch.setattr(ranks, "rank", lambda number=number: number)
        parts.append(list(segments.segments(model, passages, settings, (8, 16, 32), 3)))
    for whole, *halves in zip(drawn[3], *parts, strict=True):
        for name, value in vars(whole).items():
            torch.testing.assert_close(torch.cat([getattr(half, name) for half in halves]), value)


def test_a_voice_is_held_against_who_speaks_not_against_whom_the_denoiser_is_told() -> None:
    model = tiny_model()
    given = segment(model, [8, 16])
    told = [replace(given, **{name: torch.ones(2, dtype=torch.int64)}) for name in ("identity", "speaker")]
    own, exchanged, another = (
        loop.teacher_terms(model, each, torch.zeros_like(each.face))["contrast"] for each in (given, *told)
    )
    assert exchanged == own
    assert another != own


def test_passages_told_anothers_identity_keep_their_sound_and_the_speakers_units() -> None:
    model, draw = tiny_model(), torch.Generator().manual_seed(0)
    who = torch.tensor([0, 1, 0, 0, 1, 0])
    shard = {
        "audio": torch.randn(6, 90, 5, 16, generator=draw),
        "face": torch.rand(6, 90, 52, generator=draw) * (1 + who[:, None, None]) + 0.5 * who[:, None, None],
        "weight": torch.ones(6, 90, 52),
        "identity": who,
        "lookahead": torch.zeros(6, dtype=torch.int64),
    }
    passages = Passages([shard])
    standardise(model, passages)
    plain = replace(recipe.load("smoke").fit, exchanged=0.0, unknown=0.0, batch=400)
    own = next(iter(segments.segments(model, passages, plain, (8,), 0)))
    other = next(iter(segments.segments(model, passages, replace(plain, exchanged=0.5), (8,), 0)))
    torch.testing.assert_close(own.identity, own.speaker)
    for name in ("audio", "face", "speaker", "noise"):
        torch.testing.assert_close(getattr(own, name), getattr(other, name))
    told = (other.identity != other.speaker).float()
    assert 0.3 * 4 / 9 < told.mean() < 0.7 * 4 / 9  # of a third and two thirds, 4 of 9 pairs differ
    shares = [(each.identity == 1).float().mean() for each in (own, other)]
    assert abs(shares[0] - shares[1]) < 0.05  # everyone is told as often as before
    for each in (0, 1):
        assert abs(other.face[other.speaker == each].std() - 1) < 0.1
    assert (other.weight > 0).all()
    strangers = next(iter(segments.segments(model, passages, replace(plain, exchanged=1.0, unknown=1.0), (8,), 0)))
    assert (strangers.identity == 2).all()
    assert (strangers.speaker == 2).all()


def test_who_is_still_in_a_shape_does_not_teach_others_to_be() -> None:
    """Whoever is told, unknown among them: their own scale keeps them still."""
    model, draw = tiny_model(), torch.Generator().manual_seed(0)
    who = torch.tensor([0, 1, 0, 1])
    face = 0.1 * torch.rand(4, 90, 52, generator=draw)
    stretch, both = blendshapes.INDEX["mouthStretchLeft"], blendshapes.INDEX["mouthShrugUpper"]
    face[who == 1, :, stretch] *= 0.1
    face[..., both] *= 0.1
    shard = {
        "audio": torch.randn(4, 90, 5, 16, generator=draw) + who[:, None, None, None],
        "face": face,
        "weight": torch.ones(4, 90, 52),
        "identity": who,
        "lookahead": torch.zeros(4, dtype=torch.int64),
    }
    passages = Passages([shard])
    standardise(model, passages)
    settings = replace(recipe.load("smoke").fit, exchanged=0.5, unknown=0.2, batch=200)
    seen = next(iter(segments.segments(model, passages, settings, (8,), 0)))
    untold = (seen.weight == 0).all(1)
    of_the_still = seen.audio.mean((1, 2, 3)) > 0
    torch.testing.assert_close(untold[:, stretch], of_the_still)
    assert {(int(each), bool(still)) for each, still in zip(seen.identity, of_the_still, strict=True)} == {
        (identity, still) for identity in (0, 1, 2) for still in (False, True)
    }
    untold[:, stretch] = False
    assert not untold.any()  # in what all are still in, they are still
    assert model.identities.scale[1, stretch] < 0.5 * model.identities.scale[0, stretch]


def _mirrored_passages(
    model: FaceModel, passages: Passages, settings: recipe.FitSettings, step: int
) -> list[tuple[bool, bool]]:
    """Whether the identity is known, and the face mirrored, of each passage of a step that begins at its beginning."""
    given = next(iter(segments.segments(model, passages, replace(settings, starts=1.0, unknown=0.5), (8,), step)))
    firsts = (passages.shards[0]["face"][:, 0] - model.face_mean) / model.face_std
    plain = torch.cdist(given.face[:, 0], firsts).amin(1) < 1e-3
    mirrored = torch.cdist(given.face[:, 0], firsts[:, list(blendshapes.MIRROR)]).amin(1) < 1e-3
    assert (plain ^ mirrored).all()
    return list(zip((given.identity < 2).tolist(), mirrored.tolist(), strict=True))
