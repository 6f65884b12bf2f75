"""What a study waits for, in a line: whom, for what, and until when."""

from consortia.modules.training import queries
from consortia.sdk.moments import moment

WORDS: dict[queries.Action, str] = {
    "keys": "keys for masks",
    "shares": "sealed shares",
    "seal": "sealed updates",
    "submit": "updates",
    "reveal": "shares that lift the masks",
    "commit": "results",
    "open": "an opened result",
    "finish": "the model to be registered",
}
"""What a round waits for at each step."""


def awaited_line(now: queries.Awaited, rounds: int, absent: tuple[str, ...] = ()) -> str:
    """What a study of so many rounds waits for: round, step, members, block time.

    `absent` are members that missed a step and have not said since that they are there.
    """
    if now.status in {"finished", "aborted"}:
        return now.status
    until = "" if now.deadline is None else f" until {moment(now.deadline)}"
    who = ", ".join(now.members)
    if now.status == "proposed":
        return f"proposed; may be joined{until}{f'; awaited: {who}' if who else ''}"
    place = f"round {min(now.index + 1, rounds)} of {rounds}"
    attempt = f", try {now.attempt + 1}" if now.attempt else ""
    others = f"; not waited for since they missed a step: {', '.join(absent)}" if absent else ""
    what = WORDS.get(now.action, now.action)
    wanted = [f"{what} from {who}"] if who else []
    if now.answers:
        wanted.append(f"an answer to a complaint from {', '.join(now.answers)}")
    nobody = "; nobody is awaited" if until else ""
    return f"{place}{attempt} waits for {' and '.join(wanted) or what + nobody}{until}{others}"


def absent_of(view: queries.StudyView) -> tuple[str, ...]:
    """The members of a study that nobody waits for."""
    return tuple(one.member for one in view.parts if one.part.absent and one.part.until is None)
