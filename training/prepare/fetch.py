"""Files that are fetched once, by address and hash."""

import hashlib
from pathlib import Path
from urllib.request import urlopen

from protocols.errors import FacewireError
from protocols.files import complete_or_not_at_all


def fetch(url: str, path: Path, instead: str, sha256: str | None = None) -> Path:
    """Fetch a file to `path`, complete or not at all; an existing file with this `sha256` is kept.

    `instead` says what to do without a network. Raises FacewireError if it cannot be fetched or is a different file.
    """
    if sha256 and path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with complete_or_not_at_all(path) as partial:
        try:
            with partial.open("wb") as file, urlopen(url, timeout=60) as response:
                while block := response.read(1 << 20):
                    file.write(block)
                    digest.update(block)
        except OSError as error:  # URLError is one
            raise FacewireError(f"cannot fetch {url}: {error}; {instead}") from error
        if sha256 and digest.hexdigest() != sha256:
            raise FacewireError(f"{url}: not the file that was expected (SHA-256 {digest.hexdigest()}); {instead}")
    return path
