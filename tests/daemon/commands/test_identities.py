"""`facewire identities`: every command and every refusal."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from typer.testing import CliRunner, Result

from daemon.commands.cli import app
from model import identity_file
from model.checkpoint import save
from model.face import FaceModel
from model.identity_file import SUFFIX
from model.torch_runtime import TorchRuntime
from protocols.blendshapes import NAMES
from tests.daemon.animate.test_identities import put
from tests.model import test_voices
from tests.model.test_library import carla
from tests.model.tiny import tiny_model, tiny_runtime

taught = test_voices.taught


@pytest.fixture(scope="module")
def checkpoint(taught: TorchRuntime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "taught.safetensors"
    save(taught.model, path, {})
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "identities"


@pytest.fixture
def settings(tmp_path: Path, checkpoint: Path, folder: Path) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(f"checkpoint: {checkpoint}\nidentities: {folder}\nruntime: torch\n", encoding="utf-8")
    return path


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "talk.wav", test_voices.BRIGHT, 16_000, subtype="FLOAT")
    return tmp_path / "talk.wav"


def identities(settings: Path, command: str, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["identities", command, *map(str, arguments), "--config", str(settings)])


def told(settings: Path, command: str, *arguments: object) -> str:
    result = identities(settings, command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(settings: Path, command: str, *arguments: object) -> str:
    result = identities(settings, command, *arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("facewire: ")
    return result.stderr


def test_list_tells_whose_they_are_how_large_and_what_is_of_no_use(
    settings: Path, folder: Path, taught: TorchRuntime
) -> None:
    assert told(settings, "list").splitlines()[-1] == f"nobody is enrolled in the folder {folder}"
    own, dora = put(folder, carla(taught)), put(folder, carla(tiny_runtime(seed=1), name="dora"))
    put(folder, carla(taught, name="alma"))
    (folder / f"eva{SUFFIX}").write_text("hello", encoding="utf-8")
    alma, bruno, enrolled_alma, enrolled, other, broken = told(settings, "list").splitlines()
    assert alma.split(maxsplit=1) == ["alma", f"the checkpoint's own; the one in {folder} is in force"]
    assert bruno.split(maxsplit=1) == ["bruno", "the checkpoint's own"]
    assert enrolled_alma.startswith("alma ")
    kb = f"{own.stat().st_size / 1000:.1f} kB"
    assert enrolled.split(maxsplit=1) == ["carla", f"{kb}, {own}"]
    assert f"NOT IN FORCE: {dora}: 'dora' was enrolled for another checkpoint" in other
    assert tiny_runtime(seed=1).fingerprint[:12] in other
    assert broken.startswith("? ")
    assert "0.0 kB, NOT IN FORCE" in broken


def test_list_refuses_what_is_no_folder(settings: Path, folder: Path) -> None:
    folder.touch()
    assert "the folder of identities cannot be read" in refused(settings, "list")


def test_show_tells_what_is_in_the_file(settings: Path, folder: Path, taught: TorchRuntime) -> None:
    scale, offset = np.ones(52, np.float32), np.zeros(52, np.float32)
    scale[24], offset[0], offset[17] = 1.4, 0.01, -0.2
    path = put(folder, carla(taught, scale=scale, offset=offset))
    shown = yaml.safe_load(told(settings, "show", "carla"))
    assert shown == {
        "name": "carla",
        "file": f"{path}, {path.stat().st_size / 1000:.1f} kB",
        "in force": True,
        "checkpoint": f"{taught.fingerprint[:12]}, this one",
        "told": {"minutes": 2},
        "strongest channels": {
            NAMES[24]: "scale 1.40, offset +0.00",
            NAMES[17]: "scale 1.00, offset -0.20",
            NAMES[0]: "scale 1.00, offset +0.01",
        },
    }
    assert list(shown["strongest channels"]) == [NAMES[24], NAMES[17], NAMES[0]]


def test_show_of_another_checkpoints_and_of_nobodys(settings: Path, folder: Path) -> None:
    stranger = carla(tiny_runtime(seed=1), name="dora")
    put(folder, stranger)
    shown = yaml.safe_load(told(settings, "show", "dora"))
    assert shown["in force"].startswith("no: ")
    assert shown["checkpoint"].startswith(f"{stranger.checkpoint[:12]}, this one is ")
    assert "there: dora" in refused(settings, "show", "zoe")
    (folder / f"eva{SUFFIX}").write_text("hello", encoding="utf-8")
    assert f"eva{SUFFIX}: not an identity file" in refused(settings, "show", "eva")


def test_show_of_one_of_the_checkpoints_own(settings: Path, folder: Path, tmp_path: Path, taught: TorchRuntime) -> None:
    model = tiny_model()
    model.load_state_dict(taught.model.state_dict())
    model.identities.scale[1, 24], model.identities.offset[1, 17] = 1.4, -0.2
    path = tmp_path / "moved.safetensors"
    save(model, path, {})
    face = TorchRuntime(model)
    shown = yaml.safe_load(told(settings, "show", "bruno", "--checkpoint", path))
    assert shown["name"] == "bruno"
    assert shown["file"] == "none, it is the checkpoint's own"
    assert shown["in force"] is True
    assert shown["checkpoint"] == f"{face.fingerprint[:12]}, this one ({path})"
    assert shown["voice"] == "known, by 4 numbers"
    assert shown["strongest channels"] == {
        NAMES[24]: "scale 1.40, offset +0.00",
        NAMES[17]: "scale 1.00, offset -0.20",
    }
    assert yaml.safe_load(told(settings, "show", "alma"))["strongest channels"] == {}
    save(FaceModel(model.config.model_copy(update={"voice": None}), model.encoder), path, {})
    deaf = yaml.safe_load(told(settings, "show", "bruno", "--checkpoint", path))
    assert deaf["voice"] == "unknown, this checkpoint does not tell voices apart"
    put(folder, carla(taught, name="bruno"))  # its file goes before
    assert yaml.safe_load(told(settings, "show", "bruno"))["told"] == {"minutes": 2}


def test_match_tells_whose_voice_it_is_and_how_sure(
    settings: Path, folder: Path, talk: Path, taught: TorchRuntime
) -> None:
    put(folder, carla(taught, voice=np.array([0.6, 0.8, 0, 0], np.float32)))
    assert told(settings, "match", talk).splitlines() == [
        "heard 6.0 s of voice",
        "bruno             0.85",
        "(floor)           0.50",
        "carla             0.35",
        "alma             -1.40",
        "bruno: 0.35 above the floor, 0.50 above carla",
    ]


def test_match_knows_strangers_and_wants_enough_voice(
    settings: Path, talk: Path, tmp_path: Path, taught: TorchRuntime
) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, test_voices.DULL[:16_000], 16_000, subtype="FLOAT")
    lines = told(settings, "match", short).splitlines()
    assert lines[0] == "heard 1.0 s of voice"
    assert lines[-1] == "unknown: 2.5 s of voice are needed to tell"
    model = tiny_model()
    model.load_state_dict(taught.model.state_dict())
    model.identities.voices[:] = model.identities.voices.new_tensor([[0, 1, 0, 0], [0.4, 0.9, 0, 0]])
    save(model, tmp_path / "strangers.safetensors", {})
    lines = told(settings, "match", talk, "--checkpoint", tmp_path / "strangers.safetensors").splitlines()
    assert lines[-1] == "unknown: bruno is nearest, 0.10 below the floor"


def test_match_refuses_what_has_no_voice(settings: Path, talk: Path, tmp_path: Path, taught: TorchRuntime) -> None:
    soundfile.write(tmp_path / "silence.wav", test_voices.SILENCE, 16_000)
    assert "silence.wav: there is no voice in it" in refused(settings, "match", tmp_path / "silence.wav")
    soundfile.write(tmp_path / "empty.wav", np.empty(0), 16_000)
    assert "empty.wav" in refused(settings, "match", tmp_path / "empty.wav")
    assert "no such sound file" in refused(settings, "match", tmp_path / "none.wav")
    config = taught.model.config.model_copy(update={"voice": None})
    save(FaceModel(config, taught.model.encoder), tmp_path / "deaf.safetensors", {})
    said = refused(settings, "match", talk, "--checkpoint", tmp_path / "deaf.safetensors")
    assert "tells no voices apart; teach it voices with `facewire-train voices teach`" in said


def test_add_copies_what_fits_and_refuses_the_rest(
    settings: Path, folder: Path, tmp_path: Path, taught: TorchRuntime
) -> None:
    given = put(tmp_path, carla(taught), "given")
    path = folder / f"carla{SUFFIX}"
    assert told(settings, "add", given) == f"{path}: there from now on\n"
    np.testing.assert_array_equal(identity_file.read(path).scale, carla(taught).scale)
    assert given.exists()
    again = path.read_bytes()
    assert f"is there already ({path})" in refused(settings, "add", given)
    assert path.read_bytes() == again
    other = put(tmp_path, carla(tiny_runtime(seed=1), name="dora"))
    assert "enrolled for another checkpoint" in refused(settings, "add", other)
    own = put(tmp_path, carla(taught, name="alma"))
    assert "the checkpoint has one of that name" in refused(settings, "add", own)
    small = put(tmp_path, carla(taught, name="eva", scale=np.ones(3, np.float32)))
    assert "a damaged identity" in refused(settings, "add", small)
    assert "not an identity file" in refused(settings, "add", tmp_path / "none")
    assert [each.name for each in folder.iterdir()] == [path.name]


def test_remove_deletes_the_file_and_nothing_else(settings: Path, folder: Path, taught: TorchRuntime) -> None:
    path, _ = put(folder, carla(taught), "another name"), put(folder, carla(taught, name="dora"))
    assert told(settings, "remove", "carla") == f"{path}: deleted\n"
    assert [each.name for each in folder.iterdir()] == [f"dora{SUFFIX}"]
    assert "is not in" in refused(settings, "remove", "carla")
    assert "'alma' is the checkpoint's own and has no file" in refused(settings, "remove", "alma")


def test_rename_changes_the_name_in_the_file_and_the_files(settings: Path, folder: Path, taught: TorchRuntime) -> None:
    put(folder, carla(taught))
    put(folder, carla(taught, name="dora"))
    path = folder / f"eva{SUFFIX}"
    assert told(settings, "rename", "carla", "eva") == f"{path}: carla is eva from now on\n"
    assert sorted(each.name for each in folder.iterdir()) == [f"dora{SUFFIX}", f"eva{SUFFIX}"]
    renamed = identity_file.read(path)
    assert renamed.name == "eva"
    np.testing.assert_array_equal(renamed.features, carla(taught).features)
    assert "is there already" in refused(settings, "rename", "eva", "dora")
    assert "is there already" in refused(settings, "rename", "eva", "eva")
    assert "the checkpoint has one of that name" in refused(settings, "rename", "eva", "bruno")
    assert "identity name 'auto'" in refused(settings, "rename", "eva", "auto")
    assert "identity name '../up'" in refused(settings, "rename", "eva", "../up")
    put(folder, carla(taught, name="fay"), "gil")
    assert f"is there already ({folder / f'gil{SUFFIX}'})" in refused(settings, "rename", "eva", "gil")
    (folder / f"gil{SUFFIX}").unlink()
    assert "is not in" in refused(settings, "rename", "carla", "fay")
    assert "is the checkpoint's own" in refused(settings, "rename", "alma", "fay")
    assert sorted(each.name for each in folder.iterdir()) == [f"dora{SUFFIX}", f"eva{SUFFIX}"]


def test_rename_to_the_name_that_the_file_has_keeps_it(settings: Path, folder: Path, taught: TorchRuntime) -> None:
    path = put(folder, carla(taught), "eva")
    told(settings, "rename", "carla", "eva")
    assert identity_file.read(path).name == "eva"


def test_every_command_explains_itself_with_an_example() -> None:
    for command in ("list", "show", "match", "add", "remove", "rename"):
        shown = CliRunner().invoke(app, ["identities", command, "--help"]).output
        assert f"Example: facewire identities {command}" in shown
