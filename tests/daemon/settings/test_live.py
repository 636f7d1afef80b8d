from pathlib import Path

import pytest

from daemon.settings.config import DaemonConfig, load
from daemon.settings.live import LIVE_KEYS, MOMENTARY_KEYS, LiveSettings
from protocols.errors import FacewireError

FILE = """\
# mine
seed: 3      # lucky

# how it moves
gains:
  jaw: 1.5   # wide
  mouth: 1.0

# who
identity: anna
sinks: ["vmc://127.0.0.1:39539"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_change_is_in_force_at_once_and_counted(file: Path) -> None:
    settings = LiveSettings(load(file), file)
    settings.change({"identity": "ben", "gains": {"brows": 0.5}})
    assert settings.now.identity == "ben"
    assert settings.now.gains.brows == 0.5
    assert settings.now.gains.jaw == 1.5  # the others stay
    assert settings.now.seed == 3
    assert settings.version == 1
    assert set(settings.live()) == set(LIVE_KEYS)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"liveliness": 3}, "liveliness: Input should be less than or equal to 1"),
        ({"style": 1.6}, "style: Input should be less than or equal to 1.5"),
        ({"gains": {"nose": 1}}, "gains.nose: there is no such setting"),
        ({"gains": 2}, "gains: "),
        ({"gate_db": "loud"}, "gate_db: "),
        ({"sinks": []}, "sinks: cannot be changed while running; only identity, lookahead_ms"),
    ],
)
def test_a_bad_change_is_told_and_changes_nothing(file: Path, values: dict[str, object], told: str) -> None:
    settings = LiveSettings(load(file), file)
    before = settings.now
    with pytest.raises(FacewireError, match=told):
        settings.change({"mute": True, **values})
    assert settings.now is before
    assert settings.version == 0


def test_what_the_checkpoint_cannot_do_is_refused() -> None:
    def check(config: DaemonConfig) -> None:
        if config.identity == "zoe":
            raise FacewireError("who?")

    settings = LiveSettings(DaemonConfig())
    settings.check = check
    with pytest.raises(FacewireError, match=r"who\?"):
        settings.change({"identity": "zoe"})
    assert settings.now.identity is None


def test_saving_changes_the_lines_of_what_was_set_and_nothing_else(file: Path) -> None:
    settings = LiveSettings(load(file), file)
    assert settings.lines() == ""
    settings.change({"identity": None, "gains": {"jaw": 1.2, "eyes": 0.5}, "gate_db": -47.5})
    assert settings.lines() == ("identity: null\ngains: {jaw: 1.2, eyes: 0.5}\ngate_db: -47.5\n")
    assert settings.save() == file
    assert file.read_text(encoding="utf-8") == (
        "# mine\nseed: 3      # lucky\n\n# how it moves\n"
        "gains:\n  jaw: 1.2   # wide\n  mouth: 1.0\n  eyes: 0.5\n"
        "\n# who\nidentity: null\n"
        'sinks: ["vmc://127.0.0.1:39539"]\ngate_db: -47.5\n'
    )
    assert load(file) == settings.now
    assert settings.lines() == ""
    assert [path.name for path in file.parent.iterdir()] == ["config.yaml"]


def test_the_example_can_be_saved_into(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    example = (Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8")
    file.write_text(example, encoding="utf-8")
    settings = LiveSettings(load(file), file)
    settings.change({"gains": {"eyes": 0.5}, "lookahead_ms": 80})
    settings.save()
    assert load(file) == settings.now
    assert file.read_text(encoding="utf-8") == example.replace("lookahead_ms: null", "lookahead_ms: 80").replace(
        "eyes: 1.0", "eyes: 0.5"
    )


def test_a_performance_is_saved_in_its_place_with_the_comments_around_it(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    example = (Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8")
    file.write_text(example, encoding="utf-8")
    settings = LiveSettings(load(file), file)
    settings.change({"performance": {"head": 0.5}})
    settings.change({"performance": {"mood": "happy"}})
    assert settings.lines() == "performance: {head: 0.5, mood: happy}\n"
    settings.save()
    assert load(file) == settings.now
    changed = example.replace("head: 1.0", "head: 0.5").replace("mood: neutral", "mood: happy")
    assert file.read_text(encoding="utf-8") == changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("performance: {mood: sad} # today\n", "performance: {mood: sad, blinks: 0.0, head: 0.5} # today\n"),
        (
            "performance:\n  # low\n  mood: sad   # today\n  head: 1.0\n# end\n",
            "performance:\n  # low\n  mood: sad   # today\n  head: 0.5\n  blinks: 0.0\n# end\n",
        ),
        ("performance:\n  mood: sad  # today\n", "performance:\n  mood: sad  # today\n  blinks: 0.0\n  head: 0.5\n"),
        ("performance: {}\n", "performance: {blinks: 0.0, head: 0.5}\n"),
        (
            "performance:\r\n  mood: sad # low\r\nseed: 1\r\n",
            "performance:\r\n  mood: sad # low\r\n  blinks: 0.0\r\n  head: 0.5\r\nseed: 1\r\n",
        ),
        ("seed: 1\n", "seed: 1\nperformance: {blinks: 0.0, head: 0.5}\n"),
        ("performance:\n    mood: sad", "performance:\n    mood: sad\n    blinks: 0.0\n    head: 0.5"),
    ],
)
def test_of_a_performance_in_the_file_only_the_keys_that_changed_are_written(
    tmp_path: Path, before: str, after: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(before.encode())
    settings = LiveSettings(load(file), file)
    settings.change({"performance": {"blinks": 0, "head": 0.5}})
    settings.save()
    assert file.read_bytes().decode() == after
    assert load(file) == settings.now
    assert settings.lines() == ""


@pytest.mark.parametrize(
    ("name", "written"),
    [("anna", "anna"), ("null", '"null"'), ("off", '"off"'), ("b c", '"b c"'), ("2", '"2"'), ("Zoë", "Zoë")],
)
def test_a_word_is_saved_without_quotes_unless_it_would_mean_something_else(
    tmp_path: Path, name: str, written: str
) -> None:
    settings = LiveSettings(DaemonConfig(), tmp_path / "config.yaml")
    settings.change({"identity": name})
    assert settings.lines() == f"identity: {written}\n"
    settings.save()
    assert load(tmp_path / "config.yaml").identity == name


def test_where_there_is_no_file_one_is_made_of_what_was_set(tmp_path: Path) -> None:
    settings = LiveSettings(DaemonConfig(), tmp_path / "new.yaml")
    settings.change({"identity": 'a "b": # c'})
    settings.save()
    assert load(tmp_path / "new.yaml").identity == 'a "b": # c'


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    settings = LiveSettings(DaemonConfig(), tmp_path / "missing" / "config.yaml")
    settings.change({"style": 0.5})
    with pytest.raises(FacewireError, match=r"config\.yaml: cannot be written: No such file"):
        settings.save()


@pytest.mark.parametrize("in_file", ["", "mute: true\nfreeze: true\nrecord: true\n"])
def test_muted_frozen_and_recording_are_never_saved(file: Path, in_file: str) -> None:
    file.write_text(FILE + in_file, encoding="utf-8")
    settings = LiveSettings(load(file), file)
    assert set(MOMENTARY_KEYS) < set(LIVE_KEYS)
    settings.change(dict.fromkeys(MOMENTARY_KEYS, not in_file) | {"style": 0.5})
    assert settings.lines() == "style: 0.5\n"
    settings.save()
    assert file.read_text(encoding="utf-8") == f"{FILE}{in_file}style: 0.5\n"


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.yaml"
    link.parent.mkdir()
    link.symlink_to(Path("..") / file.name)
    settings = LiveSettings(load(link), link)
    settings.change({"style": 0.5})
    assert settings.save() == link
    assert link.readlink() == Path("..") / file.name
    assert file.read_text(encoding="utf-8") == f"{FILE}style: 0.5\n"
    assert load(link) == settings.now


def test_a_link_to_nothing_makes_the_file(tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to("new.yaml")
    settings = LiveSettings(DaemonConfig(), link)
    settings.change({"style": 0.5})
    settings.save()
    assert (tmp_path / "new.yaml").read_text(encoding="utf-8") == "style: 0.5\n"


@pytest.mark.parametrize("text", ["style: 0.2\nseed: 3\nstyle: 0.3\n", "style: 0.2\n'style': 0.3\n"])
def test_a_name_given_twice_is_told_and_the_file_left(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    settings = LiveSettings(DaemonConfig(), file)
    settings.change({"style": 0.5})
    for attempt in (settings.lines, settings.save):
        with pytest.raises(
            FacewireError, match=r"config\.yaml, line \d: not valid YAML: style is already set in line 1"
        ):
            attempt()
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "text",
    [
        "{seed: 3}\n",  # nothing can stand behind it
        "seed: 3\n...\n",
        "liveliness: &half 0.25\nstyle: *half\n",  # the second one would lose its meaning
        "# half:\nliveliness: &half 0.25\nseed: 3\nstyle: 1.0\ninput_gain_db: *half\n",
    ],
)
def test_a_file_that_cannot_be_changed_line_by_line_is_left_and_the_lines_are_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    settings = LiveSettings(load(file), file)
    settings.change({"liveliness": 0.5, "input_gain_db": 6})
    with pytest.raises(FacewireError, match=r"edit it by hand:\n  liveliness: 0\.5\n  input_gain_db: 6\.0"):
        settings.save()
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_the_line_ends_of_windows_stay(tmp_path: Path, start: bytes) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(start + b"style: 1.0  # mine\r\nseed: 3\r\n")
    settings = LiveSettings(load(file), file)
    settings.change({"style": 0.5, "liveliness": 0.5})
    settings.save()
    assert file.read_bytes() == start + b"style: 0.5  # mine\r\nseed: 3\r\nliveliness: 0.5\r\n"
    assert load(file) == settings.now


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xff")
    with pytest.raises(FacewireError, match=r"config\.yaml: cannot be read"):
        LiveSettings(DaemonConfig(), file).lines()
