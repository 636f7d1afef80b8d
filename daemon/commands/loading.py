"""Ctrl-C while the program is being loaded. Imports next to nothing, so as to be in force at once."""

import os
import signal

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


class Loading:
    """Within, Ctrl-C ends the process at once. For imports only: there is nothing to tidy up yet.

    An exception would not do: in the midst of an import it is lost at times, and the program goes on.
    """

    def __enter__(self) -> None:
        try:
            self._before = signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
        except ValueError:  # not the main thread, which is the one that gets signals
            self._before = None

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
