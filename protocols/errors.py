"""The one exception tree of facewire."""


class FacewireError(Exception):
    """What went wrong, where, and what to try: shown to the user as it is, with exit code 1."""
