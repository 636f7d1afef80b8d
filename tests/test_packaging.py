import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    return zipfile.ZipFile(next(folder.glob("facewire-*.whl")))


def test_the_wheel_holds_the_four_packages_with_face_and_voice(wheel: zipfile.ZipFile) -> None:
    with wheel:
        names = wheel.namelist()
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {
        "daemon", "model", "training", "protocols",
    }  # fmt: skip
    assert {"model/weights/default.safetensors", "daemon/sound/demo.flac", "training/recipes/paper.yaml"} <= set(names)
    page = {path.relative_to(ROOT).as_posix() for path in (ROOT / "daemon" / "preview" / "page").rglob("*.*")}
    assert page
    assert page <= set(names)
    assert not any("test" in name.lower() for name in names)


def test_package_initialisers_are_empty() -> None:
    for package in ("daemon", "model", "training", "protocols"):
        assert (ROOT / package / "__init__.py").read_text(encoding="utf-8") == ""
    assert not (ROOT / "daemon" / "daemon.py").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["devices"], ["inspect"]])
def test_light_commands_do_without_torch(arguments: list[str]) -> None:
    code = (
        "import sys; from daemon.commands.cli import app\n"
        f"try: app({arguments!r})\nexcept SystemExit: pass\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
