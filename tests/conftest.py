"""Tests run side by side: each on one thread, and none has a deadline."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported; programs that tests start have it, too
settings.register_profile("facewire", deadline=None)
settings.load_profile("facewire")
