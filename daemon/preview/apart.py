"""Runs a function in another process: reading a long take, or baking a head, would hold up the sender of a live face.

What a broken or hostile file does to memory, it does there, too.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from protocols.errors import FacewireError

TIMEOUT_S: Final = 60.0

_CHILD: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from {module} import {name}; "
    "from daemon.preview.apart import child; child({name}, *sys.argv[2:])"
)


async def apart(function: Callable[..., bytes], path: Path, *rest: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """`function(path, *rest)` from another process; the function must be at a module's top level.

    Errors call the file by the first of `rest`, if there is one. Raises FacewireError if the function does, or if it
    takes longer than `timeout_s`.
    """
    name = rest[0] if rest else str(path)
    code = _CHILD.format(module=function.__module__, name=function.__name__)
    command = [sys.executable, "-P", "-c", code, str(Path(__file__).parents[2]), str(path), *rest]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        async with asyncio.timeout(timeout_s):
            result, complaint = await process.communicate()
    except TimeoutError:
        raise FacewireError(f"{name}: takes longer than {timeout_s:g} s to read; try a smaller one") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        told = complaint.decode(errors="replace").strip() or f"reading {name} ended with {process.returncode}"
        raise FacewireError(told.replace(str(path), name))
    return result


def child(function: Callable[..., bytes], path: str, *rest: str) -> None:
    """The other process: writes the result to standard output, or what went wrong to standard error."""
    try:
        sys.stdout.buffer.write(function(Path(path), *rest))
    except FacewireError as error:
        sys.exit(str(error))
    except Exception as error:  # MemoryError among them
        sys.exit(f"{path}: cannot be read: {error!r}")
