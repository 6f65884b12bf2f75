"""`consortia ballot check` and `tally`: what a voter, and what anybody, can find out for certain."""

from pathlib import Path

import click
from msgspec import ValidationError
from msgspec.json import decode as decode_json

from consortia.cli.elections import find_election, progress_of, tracker_path
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, REFUSED, UNCHECKED, Failure, facts, note, say
from consortia.cli.session import Session, at_home


@click.command()
@click.argument("which", metavar="ELECTION|FILE")
@click.option("--proof", type=click.Path(path_type=Path), help="Keep the proof that the ballot counts here.")
@home_option
@json_option
def check(*, which: str, proof: Path | None, home: Path | None, as_json: bool) -> int:
    """Check that the member's own ballot counts in an ELECTION, or what a challenged ballot in a FILE holds.

    The first is proved by the final ledger, not by the node's word. The second needs no node and no network:
    the ballot is made again from what the file shows.
    """
    if Path(which).is_file():
        return _check_file(Path(which), as_json=as_json)
    return _check_inclusion(at_home(home), which, proof, as_json=as_json)


@click.command()
@click.argument("which", metavar="ELECTION")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the count with all its evidence as one proof file."
)
@home_option
@json_option
def tally(*, which: str, out: Path | None, home: Path | None, as_json: bool) -> int:
    """Count an ELECTION again, from all its ballots and its trustees' parts, under the final ledger.

    With --out anybody can repeat it: `consortia verify FILE --network HASH`, without a connection.
    """
    from consortia.cli.verify import steps_of
    from consortia.kernel.verify import verify_proof
    from consortia.sdk.elections import count_key, gathered, with_count

    session = at_home(home)
    election, progress = progress_of(find_election(session, which))
    if progress.failure is not None:
        raise Failure(f"the election failed: {progress.failure}", f"consortia ballot show {which}")
    if progress.counts is None:
        raise Failure("the election has no count yet", f"consortia ballot show {which}")
    found = gathered(session.client.query, election.id)
    data = with_count(session.client.proof_of_state(count_key(election.id)), found)
    verdict = verify_proof(session.client.app, data, session.client.network)
    counts = dict(zip(election.choices, progress.counts, strict=True))
    if out is not None and verdict.ok:
        out.write_bytes(data)
    if as_json:
        facts(
            {
                "ok": verdict.ok,
                "counts": counts,
                "ballots": progress.ballots,
                "steps": steps_of(verdict),
                "bytes": len(data),
            }
        )
    else:
        for step in verdict.steps:
            say(f"{step.number}. {'ok    ' if step.ok else 'FAILED'} {step.text}")
        for choice, count in counts.items():
            say(f"{count:6}  {choice}")
        if out is not None and verdict.ok:
            note(f"consortia verify {out} --network {session.client.network.hex()}")
    return DONE if verdict.ok else REFUSED


def _check_file(path: Path, *, as_json: bool) -> int:
    from consortia.base.codec import Malformed
    from consortia.sdk.elections import Challenged, check_challenged
    from consortia.sdk.jsonform import from_json

    try:
        found = from_json(Challenged, decode_json(path.read_bytes()))
    except (Malformed, ValidationError, ValueError) as error:
        raise Failure(f"{path} is no challenged ballot: {error}", code=UNCHECKED) from None
    choice = check_challenged(found)
    if as_json:
        facts({"ok": True, "choice": choice, "ballot": found.ballot.hash(), "election": found.election})
    else:
        say(f"ballot {found.ballot.hash().hex()} of {found.voter} holds: {choice}")
        say("Compare the hash with the one that was shown before. This ballot is never to be cast.")
    return DONE


def _check_inclusion(session: Session, which: str, proof: Path | None, *, as_json: bool) -> int:
    from consortia.base.codec import decode_record
    from consortia.kernel.verify import verify_proof
    from consortia.modules.ballots.state import KEPT
    from consortia.modules.ballots.types import Kept

    election, _ = progress_of(find_election(session, which))
    data = session.client.proof_of_state(KEPT.state_key(election.id, session.member))
    verdict = verify_proof(session.client.app, data, session.client.network)
    claim = None if verdict.proof is None else verdict.proof.extra.state
    if not verdict.ok or claim is None:
        raise Failure(f"the node's proof fails at step {verdict.failed}", "consortia doctor")
    if claim.value is None:
        raise Failure("no ballot of this member counts", f"consortia ballot cast {which} CHOICE")
    kept = decode_record(Kept, claim.value)
    tracker = tracker_path(session.home, election.id)
    cast = tracker.read_bytes() if tracker.is_file() else None
    if proof is not None:
        proof.write_bytes(data)
    same = None if cast is None else cast == kept.ballot.hash()
    if as_json:
        facts(
            {"ok": same is not False, "ballot": kept.ballot.hash(), "casts": kept.casts, "as_cast_here": same}
        )
    else:
        say(f"ballot {kept.ballot.hash().hex()} counts, number {kept.casts} that {session.member} cast")
        say("It stands in the final ledger under the hash that the count names.")
    if same is False:
        raise Failure(
            "this home cast another one last: since then the console did, or somebody else for this member",
            "compare its hash with the one that the console showed; if it is not that: consortia key list",
        )
    return DONE
