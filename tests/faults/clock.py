"""A clock for one process, which a test sets: what the process takes for the wall clock.

Python looks for a module `sitecustomize` when it starts. Ours adds to the wall clock what a file says, so a
real node runs unchanged over another clock; it takes no privilege, and touches no other process and no timer.
"""

_SITE = """
import os, time

_path, _wall = os.environ["TEST_CLOCK"], time.time_ns

def _now():
    with open(_path, "rb") as file:
        return _wall() + int(file.read() or b"0") * 1_000_000

time.time_ns = _now
time.time = lambda: _now() / 1e9
"""


class Clock:
    """The wall clock of the processes that start with `environment`."""

    def __init__(self, folder):
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(_SITE)
        self._path = folder / "offset"
        self.environment = {"PYTHONPATH": str(folder), "TEST_CLOCK": str(self._path)}
        self.set(0)

    def set(self, milliseconds):
        """Let it go wrong by so much."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str(milliseconds))
        fresh.replace(self._path)
