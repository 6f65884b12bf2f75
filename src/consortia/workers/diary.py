"""What a worker must not forget, in files that a crash leaves whole.

    STUDY/update-ROUND    the blob id of the update that the member decided to submit in a round
    STUDY/result-ROUND    the outcome that it computed, before it commits to it
    STUDY/secrets-ROUND   what was drawn for the masks of a round, or the salt of its seal; destroyed with it
    STUDY/graph-ROUND     the graph among whose keys these are used
    STUDY/cohort-ROUND    the cohort for which it reveals shares
    STUDY/plain-INDEX-TRY the update before it is masked: the same at every try that repeats this one
    noise-secret          what the noise of the member's updates is drawn from
    STUDY/state-INDEX     the blob id of the state that round INDEX starts from, by this worker's own sums
    STUDY/home-INDEX      what the member keeps at home, once its update in round INDEX is in a sum
    STUDY/stopped         why it takes no part any more

An update is written before it is offered to anybody: after a crash the worker finds it and submits the
very same bytes, so it never submits two vectors for one round. The bytes of updates and states are the
node's to keep, under their hash. Files are written whole (`workers.files`).
"""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from consortia.base.codec import decode_record, encode_record
from consortia.modules.training.types import Outcome
from consortia.workers import files

STATES_KEPT = 2
FOLDER = "diary"
"""The diary's folder in a member's private data."""

_OF_ROUNDS = ("update", "result", "secrets", "graph", "cohort")
_HIDDEN = ("secrets-", "plain-")
"""What nobody else may ever see of a round: it is overwritten when it goes. The rest stands on the ledger."""

_STATE = "state-"
_HOME = "home-"


def is_passing(path: Path) -> bool:
    """Whether a file is what a diary keeps of a round while it lasts: secrets, an update, what was revealed.

    No copy is to keep it: with it back, a worker might say something else under the same masks; and what is
    destroyed when the round is over would lie in the copy for ever.
    """
    kinds = tuple(f"{kind}-" for kind in (*_OF_ROUNDS, "plain"))
    return path.parent.parent.name == FOLDER and path.name.startswith(kinds)


class Diary:
    """The worker's own files in one folder, which is made when something is first put in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def update(self, study: bytes, round_id: bytes) -> bytes | None:
        """The blob id of the update decided on for a round, or None."""
        return self._kept(study, f"update-{round_id.hex()}")

    def keep_update(self, study: bytes, round_id: bytes, blob: bytes) -> bytes:
        """Decide on an update by its blob id, unless one is decided on; give the one that counts."""
        known = self.update(study, round_id)
        if known is None:
            self._keep(study, f"update-{round_id.hex()}", blob)
            known = blob
        return known

    def result(self, study: bytes, round_id: bytes) -> Outcome | None:
        """The outcome computed for a round, or None."""
        data = self._kept(study, f"result-{round_id.hex()}")
        return None if data is None else decode_record(Outcome, data)

    def keep_result(self, study: bytes, round_id: bytes, outcome: Outcome) -> None:
        """Keep the outcome that the member will commit to."""
        self._keep(study, f"result-{round_id.hex()}", encode_record(outcome))

    def state(self, study: bytes, index: int) -> bytes | None:
        """The blob id of the state that round `index` starts from, if this worker computed it, or None."""
        return self._read(study, f"{_STATE}{index}")

    def states(self, study: bytes, index: int) -> list[int]:
        """The round indices, `index` at most, whose starting states are here, the greatest first."""
        known = [int(path.name.removeprefix(_STATE)) for path in self._of(study).glob(f"{_STATE}*")]
        return sorted((at for at in known if at <= index), reverse=True)

    def keep_state(self, study: bytes, index: int, state: bytes) -> None:
        """Note the blob id of a state of the worker's own, and forget those too old to be needed again."""
        self._write(study, f"{_STATE}{index}", state)
        for path in self._of(study).glob(f"{_STATE}*"):
            if int(path.name.removeprefix(_STATE)) <= index - STATES_KEPT:
                path.unlink()

    def home(self, study: bytes, index: int) -> bytes:
        """What the member keeps at home since a round; empty when nothing is kept."""
        return self._read(study, f"{_HOME}{index}") or b""

    def homes(self, study: bytes, index: int) -> list[int]:
        """The rounds before `index` that something is kept of, the latest first."""
        known = [int(path.name.removeprefix(_HOME)) for path in self._of(study).glob(f"{_HOME}*")]
        return sorted((at for at in known if at < index), reverse=True)

    def keep_home(self, study: bytes, index: int, home: bytes) -> None:
        """Keep what is the member's own from a round on, before that round's update is decided on."""
        self._write(study, f"{_HOME}{index}", home)

    def forget_homes(self, study: bytes, index: int) -> None:
        """Let go of what was kept at home in rounds before `index`."""
        for at in self.homes(study, index):
            (self._of(study) / f"{_HOME}{at}").unlink()

    def plain(self, study: bytes, index: int, first: bytes) -> bytes | None:
        """The update, before it is masked, that the member sent in try `first` of round `index`; or None."""
        return self._kept(study, f"plain-{index}-{first.hex()}")

    def keep_plain(self, study: bytes, index: int, first: bytes, blob: bytes) -> bytes:
        """Decide on the update for a try, and for those that repeat it; give the one that counts."""
        known = self.plain(study, index, first)
        if known is None:
            self._keep(study, f"plain-{index}-{first.hex()}", blob)
            known = blob
        return known

    def noise_secret(self, draw: Callable[[int], bytes]) -> bytes:
        """The secret of the member's noise (32 bytes), drawn when it is first asked for, told to nobody."""
        path = self._folder / "noise-secret"
        if not path.exists():
            files.write(path, draw(32))
        return path.read_bytes()

    def secrets(self, study: bytes, round_id: bytes) -> bytes | None:
        """What was drawn for the masks of a round, or for its seal; or None."""
        return self._kept(study, f"secrets-{round_id.hex()}")

    def keep_secrets(self, study: bytes, round_id: bytes, drawn: bytes) -> bytes:
        """Keep what was drawn for the masks of a round, or for its seal, before anything of it is told."""
        self._keep(study, f"secrets-{round_id.hex()}", drawn)
        return drawn

    def keep_graph(self, study: bytes, round_id: bytes, graph: bytes) -> bytes:
        """Decide on the one graph among whose keys a round's secrets are used; give the one that counts."""
        known = self._read(study, f"graph-{round_id.hex()}")
        if known is None:
            self._write(study, f"graph-{round_id.hex()}", graph)
            known = graph
        return known

    def keep_cohort(self, study: bytes, round_id: bytes, cohort: tuple[str, ...]) -> tuple[str, ...]:
        """Decide on the one cohort for which shares of a round are revealed; give the one that counts."""
        known = self._kept(study, f"cohort-{round_id.hex()}")
        if known is None:
            known = ",".join(cohort).encode("ascii")
            self._keep(study, f"cohort-{round_id.hex()}", known)
        return tuple(known.decode("ascii").split(","))

    def forget_rounds(self, study: bytes, keep: Iterable[bytes], index: int) -> None:
        """Let go of all tries but those to keep, and of the updates for all rounds but `index`.

        The secrets of masks and plain updates are destroyed, as far as the disk allows.
        """
        kept = {f"{kind}-{each.hex()}" for kind in _OF_ROUNDS for each in keep}
        past = [path for path in self._of(study).glob("*-*") if self._is_past(path.name, kept, index)]
        files.destroy(*(path for path in past if path.name.startswith(_HIDDEN)))
        for path in past:
            path.unlink(missing_ok=True)

    @staticmethod
    def _is_past(name: str, kept: set[str], index: int) -> bool:
        """Whether a file is of a try that is not to keep, or the update for another round than `index`."""
        kind = name.partition("-")[0]
        if kind == "plain":
            return not name.startswith(f"plain-{index}-")
        return kind in _OF_ROUNDS and name not in kept

    def stopped(self, study: bytes) -> str | None:
        """Why the worker takes no part in a study any more, or None."""
        data = self._read(study, "stopped")
        return None if data is None else data.decode("utf-8")

    def stop(self, study: bytes, why: str) -> None:
        """Take no part in a study any more."""
        self._write(study, "stopped", why.encode("utf-8"))

    def forget(self, study: bytes) -> None:
        """Let go of a study that is over, its secrets first."""
        self.forget_rounds(study, (), -1)
        shutil.rmtree(self._of(study), ignore_errors=True)

    def begin(self, study: bytes) -> None:
        """Remember a study that the member takes part in, even if nothing else of it is ever put in."""
        files.private(self._of(study))

    def studies(self) -> list[bytes]:
        """The studies that the member takes part in, or did, and that are not let go of yet."""
        if not self._folder.is_dir():
            return []
        return sorted(bytes.fromhex(path.name) for path in self._folder.iterdir() if len(path.name) == 64)

    def _of(self, study: bytes) -> Path:
        return self._folder / study.hex()

    def _read(self, study: bytes, name: str) -> bytes | None:
        try:
            return (self._of(study) / name).read_bytes()
        except FileNotFoundError:
            return None

    def _kept(self, study: bytes, name: str) -> bytes | None:
        """What was kept of a round; None where there is nothing, or a crash left it unfinished."""
        return files.kept(self._of(study) / name)

    def _keep(self, study: bytes, name: str, data: bytes) -> None:
        files.keep(self._of(study) / name, data)

    def _write(self, study: bytes, name: str, data: bytes) -> None:
        files.write(self._of(study) / name, data)
