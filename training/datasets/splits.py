"""Which recordings are for training and which are held out: decided by name, so that every command agrees."""

from hashlib import sha256
from typing import Final, Literal, cast, get_args

from protocols.errors import FacewireError

Split = Literal["train", "validation", "test"]

# A hash needs many recordings to be fair; this set has six takes, and one continuous performance among them.
_BY_NAME: Final[dict[str, Split]] = {
    **{f"1114_2_0{take}": "train" for take in range(1, 6)},
    "1114_3_15": "test",
}


def split_of(name: str) -> Split:
    """The split of a recording, from its name without folder or suffix: about 10 % test, 10 % validation."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    bucket = int(sha256(name.encode()).hexdigest()[:8], 16) % 10
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"


def named(name: str) -> Split | Literal["all"]:
    """The split that a user asked for, or `all`. Raises FacewireError for any other name."""
    if name not in (*get_args(Split), "all"):
        raise FacewireError(f"--split {name}: expected test, validation or all")
    return cast(Split | Literal["all"], name)
