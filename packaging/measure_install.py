"""Measures what an installation costs, by README's own command, and writes it into docs/install.md.

    python packaging/measure_install.py            prints the figures
    python packaging/measure_install.py --write    also puts them between the markers in docs/install.md

It clones the repository, creates a virtual environment there, installs with pip, starts `facewire run` with the demo
voice, and waits for the first Live Link packet. Linux only (/proc tells CPU time and memory).
"""

import argparse
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "install.md"
STARTS = 3
MARKERS = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def main() -> None:
    """Measure, print, and write if asked to."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="put the figures into docs/install.md")
    write = options.parse_args().write
    with tempfile.TemporaryDirectory(prefix="facewire-") as name:
        clone = Path(name) / "facewire"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        table = figures(clone)
    print(table, end="")
    if write:
        text, found = MARKERS.subn(lambda match: match[1] + table + match[2], PAGE.read_text("utf-8"))
        if not found:
            sys.exit(f"{PAGE}: no lines `<!-- figures -->` and `<!-- /figures -->`")
        PAGE.write_text(text, "utf-8")


def figures(clone: Path) -> str:
    """The table for a clone of the repository."""
    install = install_command(clone)
    started = time.monotonic()
    subprocess.run(install, shell=True, cwd=clone, check=True, stdout=subprocess.DEVNULL)
    install_s = time.monotonic() - started
    listed = subprocess.run(
        [clone / ".venv/bin/pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    mib = sum(path.lstat().st_size for path in (clone / ".venv").rglob("*") if path.is_file()) / 2**20
    starts = [first_packet(clone) for _ in range(STARTS)]
    wall_s, cpu_s, peak_mib = (min(column) for column in zip(*starts, strict=True))
    rows = {
        "`pip install .` (packages from the index or pip's cache)": f"{install_s:.0f} s",
        "packages in the environment": f"{len(listed.stdout.splitlines())}",
        "size of `.venv`": f"{mib:.0f} MiB",
        "`facewire run` to its first packet, wall clock": f"{wall_s:.1f} s",
        "`facewire run` to its first packet, CPU time": f"{cpu_s:.1f} s",
        "memory by then, at most": f"{peak_mib:.0f} MiB",
    }
    lines = ["", "| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows.items()), ""]
    told = f"{cpu()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    lines += [f"The best of {STARTS} starts on {told}; made by `python packaging/measure_install.py --write`.", "", ""]
    return "\n".join(lines)


def install_command(clone: Path) -> str:
    """README's command without its last part, which starts the program."""
    text = (clone / "README.md").read_text("utf-8")
    found = re.search(r"<!-- run -->\n```\n(python3 .* install \.) &&", text)
    if not found:
        sys.exit("README.md has no command behind `<!-- run -->` that starts with python3")
    return found[1]


def first_packet(clone: Path) -> tuple[float, float, float]:
    """Seconds of wall clock and of CPU from the start to the first packet, and MiB of memory at most until then."""
    cache = Path(tempfile.mkdtemp(prefix="facewire-cache-"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60)
        sink = f"livelink://127.0.0.1:{receiver.getsockname()[1]}"
        started = time.monotonic()
        program = subprocess.Popen(
            [clone / ".venv/bin/facewire", "run", "--input", "demo", "--preview-port", "0", "--sink", sink],
            cwd=cache,
            env=os.environ | {"XDG_CACHE_HOME": str(cache)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            receiver.recv(2048)
            wall_s = time.monotonic() - started
            return wall_s, cpu_s(program.pid), peak_mib(program.pid)
        finally:
            program.terminate()
            program.wait()
            shutil.rmtree(cache)


def cpu_s(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    """The most memory that a process has held so far."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found
    return int(found[1]) / 1024


def cpu() -> str:
    """The processor's name."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    return found[1] if found else platform.machine()


if __name__ == "__main__":
    main()
