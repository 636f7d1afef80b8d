from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from model.library import Library
from tests.model.tiny import tiny_model
from training import recipe
from training.fit import segments
from training.passages.shards import Passages
from training.passages.standardise import standardise


def shard(passages: int, seed: int) -> Mapping[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return {
        "audio": torch.randn(passages, 20, 5, 16, generator=draw) * 3 + 40,
        "face": torch.rand(passages, 20, 52, generator=draw),
        "weight": (torch.rand(passages, 20, 52, generator=draw) > 0.5).float(),
        "identity": torch.arange(passages),
        "lookahead": torch.zeros(passages, dtype=torch.int64),
    }


def test_a_row_is_that_of_all_shards_in_their_order(tmp_path: Path) -> None:
    parts = [shard(3, 0), shard(1, 1), shard(4, 2)]
    for number, part in enumerate(parts):
        save_file(dict(part), tmp_path / str(number))
    passages = Passages.read([tmp_path / str(number) for number in range(3)])
    assert (len(passages), passages.frames) == (8, 20)
    chosen = torch.tensor([7, 0, 3, 3, 2, 4])
    for name in parts[0]:
        whole = torch.cat([part[name] for part in parts])
        torch.testing.assert_close(passages.take(name, chosen), whole[chosen])
        if whole.dim() > 1:
            torch.testing.assert_close(passages.take(name, chosen, slice(5, 9)), whole[chosen, 5:9])


def test_statistics_are_over_all_shards() -> None:
    parts, model = [shard(70, 0), shard(2, 1)], tiny_model()
    parts[0]["identity"][:] = torch.arange(70) % 2
    standardise(model, Passages(parts))
    audio, face, weight = (torch.cat([part[name] for part in parts]) for name in ("audio", "face", "weight"))
    torch.testing.assert_close(model.audio_mean, audio[:, :, 0].mean((0, 1)))
    torch.testing.assert_close(model.audio_std, audio[:, :, 0].std((0, 1), correction=0), rtol=1e-4, atol=0)
    mean = (face * weight).sum((0, 1)) / weight.sum((0, 1))
    torch.testing.assert_close(model.face_mean, mean)
    deviation = ((face - mean).square() * weight).sum((0, 1)).div(weight.sum((0, 1))).sqrt()
    torch.testing.assert_close(model.face_std, deviation)


def test_everyones_face_has_one_mean_and_deviation_once_scale_and_offset_are_taken_off() -> None:
    parts, model = [shard(70, 0), shard(60, 1)], tiny_model()
    for part in parts:
        part["identity"][:] = torch.arange(len(part["identity"])) % 2
        bruno = part["identity"] == 1
        part["face"][bruno] = part["face"][bruno] * 0.5 + 0.3
        part["weight"][bruno, :, 7] = 0
    standardise(model, Passages(parts))
    face, weight, identity = (torch.cat([part[name] for part in parts]) for name in ("face", "weight", "identity"))
    for place in (0, 1):
        own, counts = face[identity == place], weight[identity == place]
        plain = (own - model.identities.offset[place]) / model.identities.scale[place]
        mean = (plain * counts).sum((0, 1)) / counts.sum((0, 1))
        deviation = ((plain - mean).square() * counts).sum((0, 1)).div(counts.sum((0, 1))).sqrt()
        seen = torch.arange(52) != 7
        torch.testing.assert_close(mean[seen], model.face_mean[seen], atol=1e-4, rtol=0)
        torch.testing.assert_close(deviation[seen], model.face_std[seen], atol=1e-4, rtol=0)
    less, more = model.identities.scale[:, seen].mean(1).flip(0).tolist()
    assert less == pytest.approx(more / 2, rel=0.05)
    assert model.identities.scale[1, 7] == 1
    assert model.identities.offset[1, 7] == 0


def test_strangers_say_how_large_the_face_of_unknown_is() -> None:
    part, model = shard(60, 0), tiny_model()
    part["identity"][:] = torch.arange(60) % 3
    stranger = part["identity"] == 2
    part["face"][stranger] = part["face"][stranger] * 0.4 + 0.2
    part["weight"][stranger, :, 9] = 0
    passages = Passages([part])
    assert passages.has(2)
    assert not passages.without(2).has(2)
    standardise(model, passages)
    own, counts = part["face"][stranger], part["weight"][stranger]
    seen = torch.arange(52) != 9
    mean = (own * counts).sum((0, 1)) / counts.sum((0, 1)).clamp(min=1)
    torch.testing.assert_close(model.face_mean[seen], mean[seen])
    everyones = (part["face"] * part["weight"])[..., 9].sum() / part["weight"][..., 9].sum()
    assert float(model.face_mean[9]) == pytest.approx(float(everyones))
    assert model.identities.scale[0, seen].mean() == pytest.approx(2.5, rel=0.05)
    plain = replace(recipe.load("smoke").fit, unknown=0.5, exchanged=0.0, segment_frames=5, shortest_frames=5, batch=60)
    (segment, *_) = segments.segments(model, passages, plain, (1,), 0)
    told = segment.identity[segment.speaker < 2] == 2
    assert 0.3 < told.float().mean() < 0.7
    assert (segment.identity[segment.speaker == 2] == 2).all()
    shown = segment.face[segment.speaker < 2][..., seen]
    assert abs(float(shown.mean())) < 0.1
    assert float(shown.std()) == pytest.approx(1, abs=0.1)


def test_segments_show_each_face_as_if_it_were_anyones_and_a_strangers_as_it_is() -> None:
    part, model = shard(40, 0), tiny_model()
    part["identity"][:] = 1
    part["weight"][:] = 1
    passages = Passages([part])
    standardise(model, passages)
    model.identities.scale[1] = 0.5
    model.identities.offset[1] = 0.25
    settings = replace(recipe.load("embedded").fit, batch=64, segment_frames=20, shortest_frames=20, carried=1)
    (seen,) = segments.segments(model, passages, settings, (32,), 0)
    made = seen.face * model.face_std + model.face_mean
    known = seen.identity == 1
    assert 0 < (~known).sum() < 32
    library = Library(("alma", "bruno"), model.identities.styles().numpy(), np.zeros((2, 4), np.float32))
    scale, offset = (torch.from_numpy(each) for each in np.split(library.style(1, 1.0)[-104:], 2))
    sums = (made[known] * scale + offset).sum((1, 2)).tolist()
    whole = part["face"].sum((1, 2))
    assert all(torch.isclose(whole, torch.tensor(each), rtol=1e-4).any() for each in sums)
    assert all(torch.isclose(whole, each, rtol=1e-4).any() for each in made[~known].sum((1, 2)))


def test_without_an_identity_the_others_passages_are_left_as_they_are() -> None:
    parts = [shard(3, 0), shard(1, 1), shard(4, 2)]  # identity 3 is in the last one alone, 0 is all of the second
    passages = Passages(parts)
    fewer = passages.without(3)
    assert len(fewer) == 7
    assert fewer.take("identity", torch.arange(7)).tolist() == [0, 1, 2, 0, 0, 1, 2]
    torch.testing.assert_close(fewer.take("face", torch.tensor([4, 6])), parts[2]["face"][torch.tensor([0, 2])])
    torch.testing.assert_close(torch.cat([face for (face,) in fewer.pieces("face")])[4:], parts[2]["face"][:3])
    assert passages.without(0).take("identity", torch.arange(5)).tolist() == [1, 2, 1, 2, 3]
    assert len(passages) == 8


def test_who_is_in_the_passages_is_read_once() -> None:
    part = shard(6, 0)
    part["identity"][:] = torch.tensor([0, 0, 1, 1, 0, 1])
    passages = Passages([part])
    assert [passages.has(index) for index in range(3)] == [True, True, False]
    del part["identity"]  # a training step asks every time: it must not scan the shards again
    assert [passages.has(index) for index in range(3)] == [True, True, False]
