"""All tests, and the programs that they start, compute on one thread: several that wait for each other are slower."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
