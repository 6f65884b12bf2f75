"""The rules of track records, as pure functions of integers."""

from consortia.modules.predictions.types import PPM_MAX, Track

RESOLVED_MIN = 8
"""From so many decided statements on, an agent's record is judged."""


def brier(stated: int, *, outcome: bool) -> int:
    """The square of a statement's error, in parts per million, rounded half up (Brier 1950).

    `stated` is the probability of yes in parts per million.
    """
    error = stated - PPM_MAX if outcome else stated
    return (error * error + PPM_MAX // 2) // PPM_MAX


def trusted(track: Track) -> bool:
    """Whether an agent's vote still counts: too few of its statements are decided, or they beat always-yes.

    Always-yes states a probability of one each time. An agent that is just as good stays.
    """
    return track.resolved < RESOLVED_MIN or track.brier <= track.baseline
