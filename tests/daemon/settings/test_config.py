import itertools
from pathlib import Path

import pytest
import yaml

from daemon.settings.config import DaemonConfig, load
from protocols.errors import FacewireError

EXAMPLE = Path(__file__).parents[3] / "config.yaml"


def write(folder: Path, text: str) -> Path:
    file = folder / "settings.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_example_is_the_defaults() -> None:
    assert load(EXAMPLE) == DaemonConfig()


def test_the_example_holds_and_explains_every_setting() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert set(yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))) == set(DaemonConfig.model_fields)
    for name in DaemonConfig.model_fields:
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{name}:"))
        assert lines[at - 1].startswith("#"), f"{name} has no comment"


def test_all_errors_are_told_at_once_with_their_keys(tmp_path: Path) -> None:
    file = write(
        tmp_path, "inptu: mic\nliveliness: 2\ninput_rate_hz: fast\nsinks: [vmx://127.0.0.1, 'vmc://127.0.0.1?fps=0']\n"
    )
    with pytest.raises(FacewireError) as caught:
        load(file)
    told = str(caught.value)
    assert str(file) in told
    assert "5 errors" in told
    assert "inptu: there is no such setting; did you mean input?" in told
    assert "liveliness: Input should be less than or equal to 1 (is 2)" in told
    assert "input_rate_hz: Input should be a valid integer" in told
    assert "sinks.0: sink vmx://127.0.0.1: must begin with livelink://, vmc://, osc://, zmq://" in told
    assert "sinks.1: " in told


def test_a_strange_setting_gets_the_list_of_all(tmp_path: Path) -> None:
    with pytest.raises(
        FacewireError, match="zzz: there is no such setting; known: input, input_rate_hz, listen_to, checkpoint"
    ):
        load(write(tmp_path, "zzz: 1\n"))


def test_bad_yaml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="line 2: not valid YAML"):
        load(write(tmp_path, "input: mic\nseed: 1: 2\n"))


def test_a_list_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="not a list"):
        load(write(tmp_path, "- mic\n"))


def test_a_missing_or_binary_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    file = tmp_path / "binary.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FacewireError, match="cannot be read"):
        load(file)


def test_the_command_line_goes_over_the_file_and_is_checked_with_it(tmp_path: Path) -> None:
    file = write(tmp_path, "input: mic\nseed: 3\n")
    config = load(file, {"seed": 5, "sinks": ["osc://127.0.0.1:9000"]})
    assert (config.input, config.seed, config.sinks) == ("mic", 5, ("osc://127.0.0.1:9000",))
    with pytest.raises(FacewireError, match=r"seed: .*is -1"):
        load(file, {"seed": -1})


def test_config_yaml_in_the_working_folder_is_read_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load() == DaemonConfig()
    (tmp_path / "config.yaml").write_text("seed: 9\n", encoding="utf-8")
    assert load().seed == 9


@pytest.mark.parametrize(("text", "value"), [("auto", "auto"), ("300", 300), ("'300'", 300)])
def test_the_latency_is_auto_or_a_number(tmp_path: Path, text: str, value: object) -> None:
    assert load(write(tmp_path, f"latency_ms: {text}\n")).latency_ms == value


@pytest.mark.parametrize("text", ["fast", "0", "-5", "5001", "300.5", "true", "null", "[]"])
def test_another_latency_is_refused_in_plain_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(FacewireError, match=r"1 error\n  latency_ms: must be auto or whole milliseconds, 1 to 5000"):
        load(write(tmp_path, f"latency_ms: {text}\n"))


@pytest.mark.parametrize("name", ["", "x" * 65, "é" * 33])
def test_a_name_that_fits_no_packet_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FacewireError, match=r"name: .*1 to 64 bytes"):
        load(write(tmp_path, f"name: '{name}'\n"))


@pytest.mark.parametrize("source", ["auto", "mic", "'mic:'", "demo", "'-'", "''"])
def test_only_a_named_device_or_a_file_is_listened_to(tmp_path: Path, source: str) -> None:
    with pytest.raises(FacewireError, match="listen_to: must be mic:NAME or a sound file"):
        load(write(tmp_path, f"listen_to: {source}\n"))
    assert load(write(tmp_path, "listen_to: mic:Monitor of Built-in\n")).listen_to == "mic:Monitor of Built-in"


def test_a_list_without_receivers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacewireError, match="sinks: name one receiver at least"):
        load(write(tmp_path, "sinks: []\n"))


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(write(tmp_path, "")) == DaemonConfig()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed: 1\nstyle: 1\nseed: 2\n", "line 3: not valid YAML: seed is already set in line 1; keep one"),
        ("gains:\n  jaw: 1\n  'jaw': 2\n", "line 3: not valid YAML: jaw is already set in line 2; keep one"),
        ("seed: 2023-99-99\n", r"seed: Input should be a valid integer.*'2023-99-99'"),
        ("input: mic\nseed: !!int x\n", "line 2: not valid YAML: not a valid int"),
        ("style: !!float x\n", "line 1: not valid YAML: not a valid float"),
        ("mute: !!bool x\n", "line 1: not valid YAML: not a valid bool"),
        ("seed: !!timestamp x\n", "line 1: not valid YAML: not a valid timestamp"),
        ('identity: "\\ud800"\n', "line 1: not valid YAML: not a valid str"),
        (f"seed: {'9' * 5000}\n", "line 1: not valid YAML: not a valid int"),
        (f"seed: 0x{'f' * 5000}\n", "line 1: not valid YAML: not a valid int"),
        (f"style: 1:{'59:' * 300}1.5\n", "line 1: not valid YAML: not a valid float"),
        (f"style: {'9' * 5000}.5\n", "style: Input should be less than or equal to 1.5"),
        ("[" * 100_000, "line 1: not valid YAML: nested too deeply"),
        ("sinks: " + "{a: " * 10_000, "line 1: not valid YAML: nested too deeply"),
        ("- " * 10_000, "line 1: not valid YAML: nested too deeply"),
        ("seed: &all [*all]\n", "seed: Input should be a valid integer"),
        ("seed: \x01\n", "not valid YAML: unacceptable character"),
        ("? [seed]\n: 1\n", "line 1: not valid YAML: found unhashable key"),
        ("1: 2\n", "1: Keys should be strings"),
    ],
    ids=lambda value: value[:16],
)
def test_whatever_cannot_be_read_is_told_in_a_line_or_two(tmp_path: Path, text: str, told: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(FacewireError, match=told) as caught:
        load(file)
    assert len(str(caught.value)) < 500


def test_aliases_that_multiply_are_told_briefly(tmp_path: Path) -> None:
    many = [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in itertools.pairwise("abcdefghijk")]
    with pytest.raises(FacewireError, match="seed: Input should be a valid integer") as caught:
        load(write(tmp_path, "\n".join(["a: &a [x]", *many, "seed: *k"])))
    assert len(str(caught.value)) < 10_000


def test_what_looks_like_a_date_is_a_name(tmp_path: Path) -> None:
    assert load(write(tmp_path, "identity: 2023-01-01\n")).identity == "2023-01-01"
