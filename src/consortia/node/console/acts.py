"""The usual acts of people, as data: which message each is, what to know, and the command that does the same.

Pages lead to an act with its form filled in. A message without an act has the same page, with nothing added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from consortia.modules.identity.queries import ProposalView
from consortia.node.console.sayings import named
from consortia.sdk.html import Html, tag

Sealing = Literal["", "record", "order", "ballot"]


@dataclass(frozen=True, slots=True)
class Act:
    """A usual act: its message, its title, its topic, and the command that does the same without a browser.

    `hints` say what a field wants, by its dotted path; `week` names the fields that are a week from now where
    nothing else is said, `own` those that are the signer's own key. The field `seals` is made by the page in
    the way `sealed`: a hash of what stays with the officer, who is asked to keep the file that opens it, or
    an encrypted ballot, which nobody keeps open.
    """

    method: str
    title: str
    topic: str
    command: str
    hints: Mapping[str, str] = field(default_factory=dict)
    week: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    sealed: Sealing = ""
    seals: str = ""


_RIGHT = {"right": "process: to compute on it; download: to have its bytes"}
_GRANTEES = {"permissions": "for each grantee (a member, or * for everybody) the purposes, * for all"}
_ALERT = {"alert": "the alert's id; it is under Alerts"}

ACTS = (
    Act(
        "identity.propose_member",
        "Admit a member",
        "Members",
        "consortia member admit NAME",
        week=("expires",),
    ),
    Act("identity.approve_member", "Approve an admission", "Members", "consortia member approve NAME"),
    Act(
        "identity.propose_removal",
        "Remove a member",
        "Members",
        "consortia member remove NAME",
        week=("expires",),
    ),
    Act(
        "identity.approve_removal", "Approve a removal", "Members", "consortia member approve --removal NAME"
    ),
    Act(
        "identity.grant_mandate",
        "Let an agent act",
        "Members",
        "consortia mandate grant NAME --model MODEL --method METHOD",
        {
            "key": "the agent's own, made where it will run: consortia mandate grant NAME ... --draft "
            "OUT.json writes it with its proof and the rest of this form",
            "possession": "the agent's signature that it holds its key: from that file",
        },
    ),
    Act("identity.end_mandate", "End a delegate now", "Members", "consortia mandate end AGENT"),
    Act(
        "assets.register",
        "Register a data set",
        "Data",
        "consortia asset add FILE",
        {
            "commitment": "of the records, which stay with you: consortia asset add FILE --draft OUT.json "
            "writes it, with the rest of this form",
            "parents": "the versions of assets that it was made from",
        },
    ),
    Act(
        "assets.grant",
        "Grant a right",
        "Data",
        "consortia asset grant ASSET --to MEMBER",
        {**_RIGHT, **_GRANTEES},
    ),
    Act("assets.revoke", "Take a right back", "Data", "consortia asset revoke ASSET --from MEMBER", _RIGHT),
    Act("assets.withdraw", "Withdraw a data set or model", "Data", "consortia asset withdraw ASSET"),
    Act(
        "consent.require",
        "Have a data set read by consent alone",
        "Data",
        "consortia consent require DATASET",
    ),
    Act(
        "consent.withdraw",
        "Withdraw a person's consent",
        "Data",
        "consortia consent withdraw DATASET --person PERSON --purpose PURPOSE",
    ),
    Act("training.join", "Join a study", "Studies", "consortia study join STUDY --data DATASET"),
    Act("training.start", "Start a study", "Studies", "consortia study start STUDY"),
    Act("training.leave", "Leave a study", "Studies", "consortia study leave STUDY"),
    Act("training.cancel", "Cancel a study", "Studies", "consortia study cancel STUDY"),
    Act(
        "governance.propose", "Propose a decision", "Decisions", "consortia proposal new CLASS --title TITLE"
    ),
    Act("governance.cast_vote", "Vote on a proposal", "Decisions", "consortia proposal vote PROPOSAL yes"),
    Act(
        "ballots.cast",
        "Cast a secret ballot",
        "Decisions",
        "consortia ballot cast ELECTION CHOICE",
        {"election": "whose choices stand above"},
        sealed="ballot",
        seals="ballot",
    ),
    Act("governance.close", "Count the votes", "Decisions", "consortia proposal tally --close PROPOSAL"),
    Act(
        "governance.execute", "Carry out what was decided", "Decisions", "consortia proposal execute PROPOSAL"
    ),
    Act(
        "governance.object",
        "Object, as the ethics board",
        "Decisions",
        "consortia proposal object PROPOSAL --reason REASON",
    ),
    Act(
        "governance.end_agent",
        "Have a delegate ended, as the council",
        "Decisions",
        "consortia mandate end MEMBER/AGENT --council",
    ),
    Act("bank.transfer", "Pay", "Accounts", "consortia account pay AMOUNT UNIT PAYEE"),
    Act(
        "market.commit",
        "Place an order",
        "Markets",
        "consortia market order MARKET buy QUANTITY LIMIT",
        sealed="order",
        seals="commitment",
    ),
    Act(
        "market.reveal",
        "Open an order",
        "Markets",
        "consortia market reveal MARKET",
        {"salt": "fill in from the file that you kept"},
    ),
    Act("market.cancel", "Take an order back", "Markets", "consortia market cancel MARKET PLACE"),
    Act("guard.assign", "Take an alert", "Alerts", "consortia alert assign ALERT KEY", _ALERT, own=("key",)),
    Act(
        "guard.answer",
        "Answer an alert",
        "Alerts",
        "consortia alert answer ALERT TEXT",
        _ALERT,
        sealed="record",
        seals="answer",
    ),
    Act(
        "guard.appeal",
        "Appeal against a suspension",
        "Alerts",
        "consortia guard appeal TEXT",
        sealed="record",
        seals="reasons",
    ),
    Act("guard.label_alert", "Say what an alert was", "Alerts", "consortia alert label ALERT honest", _ALERT),
)
"""The acts that pages lead to."""

APPROVALS = {
    "admission": "identity.approve_member",
    "removal": "identity.approve_removal",
    "quota": "identity.approve_quota",
    "power": "identity.approve_power",
}
"""The message that approves each kind of proposal about members."""


def approved(one: ProposalView) -> dict[str, str]:
    """What fills in the approval of a proposal about members."""
    return {"name": one.name, "proposal": one.id.hex()}


_BY_METHOD = {one.method: one for one in ACTS}


def act_of(method: str) -> Act:
    """The act of a message; a plain one where there is none."""
    room, _, name = method.partition(".")
    return _BY_METHOD.get(method) or Act(
        method, named(method).capitalize(), "", f"POST /v1/build/{room}/{name}"
    )


def address(method: str, filled: Mapping[str, str]) -> str:
    """The page of a message, filled in."""
    query = f"?{urlencode(filled)}" if filled else ""
    return f"/console/act/{method.replace('.', '/')}{query}"


def offer(*acts: tuple[str, str, Mapping[str, str]], beside: Sequence[tuple[str, str]] = ()) -> Html:
    """Links to acts: the text, the message, and what its form is filled in with.

    `beside` are acts with a page of their own: the text, and where that is.
    """
    found = [(text, address(method, filled)) for text, method, filled in acts]
    links = [tag("a", text, href=to, class_="act") for text, to in (*found, *beside)]
    return tag("p", *links, class_="acts") if links else Html("")
