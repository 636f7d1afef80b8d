import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.send import claims
from daemon.send.claims import claimed
from protocols.errors import FacewireError
from protocols.sinks import parse
from tests.peers.osc import free_udp_port

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys
from daemon.send.claims import claimed
from protocols.sinks import parse
name, *urls = sys.argv[1:]
with claimed([parse(url) for url in urls], name or None):
    print("claimed", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def live() -> str:
    return f"livelink://127.0.0.1:{free_udp_port()}"


@pytest.fixture
def vmc() -> str:
    return f"vmc://127.0.0.1:{free_udp_port()}"


def claim(*urls: str, name: str | None = None) -> None:
    """Claim, and let go at once. Raises FacewireError where that is refused."""
    with claimed([parse(url) for url in urls], name):
        pass


@contextmanager
def another_program(*urls: str, name: str = "") -> Iterator["subprocess.Popen[str]"]:
    """It sends to these receivers until it is killed."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, name, *urls]
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "claimed\n"
            yield process
        finally:
            process.kill()


def test_a_second_program_is_refused_and_told_which_receiver_and_process(live: str, vmc: str) -> None:
    with another_program(live, vmc) as process:
        with pytest.raises(FacewireError) as caught:
            claim("osc://127.0.0.1:9", vmc)
        told = str(caught.value)
        assert f"another facewire (process {process.pid}) already sends a face to {parse(vmc)}" in told
        assert "--name" in told
        claim(f"vmc://127.0.0.1:{free_udp_port()}")  # other receivers are free
    claim(live, vmc)


def test_a_killed_program_blocks_nobody(live: str) -> None:
    with another_program(live) as process:
        process.kill()
        process.wait(20)
        claim(live)


def test_two_subjects_of_one_program_are_no_two_programs(live: str) -> None:
    claim(f"{live}?subject=a", f"{live}?subject=b")


def test_with_a_name_both_may_send_and_a_name_is_given_once(live: str, caplog: pytest.LogCaptureFixture) -> None:
    with another_program(live):
        claim(live, name="bob")
        with another_program(live, name="bob"):
            with pytest.raises(FacewireError, match=r"another facewire bob \(process \d+\).*another name"):
                claim(live, name="bob")
            claim(live, name="eve")
    assert not caplog.records
    with another_program(live, name="a/b: é*"), pytest.raises(FacewireError, match=r"facewire a/b: é\* \(process"):
        claim(live)


def test_where_packets_carry_no_name_the_mix_is_told(vmc: str, caplog: pytest.LogCaptureFixture) -> None:
    with another_program(vmc):
        claim(vmc, name="bob")
    assert "vmc packets carry no name: the receiver mixes both faces" in caplog.text


def test_a_port_that_is_bound_needs_no_claim() -> None:
    with another_program("zmq://127.0.0.1:5556"):
        claim("zmq://127.0.0.1:5556")


def test_where_nothing_can_be_locked_the_face_moves_all_the_same(
    live: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> Path:
        raise PermissionError("read-only")

    caplog.set_level(logging.INFO)
    monkeypatch.setattr(claims, "_folder", refuse)
    claim(live)
    assert "would not be noticed: read-only" in caplog.text


def test_what_fails_within_is_not_taken_for_a_lock_that_fails(live: str) -> None:
    with pytest.raises(OSError, match="cable"), claimed([parse(live)], None):
        raise OSError("cable")
