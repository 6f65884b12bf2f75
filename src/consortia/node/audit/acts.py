"""Audit of agents' acts: from what it saw to what it signed, each opened act executed again.

1. Its record has the root, the input and the probability that the account on the ledger names.
2. Where a model acts, it answers the vector with that label (`audit.predictions` holds score and probability
   to it as well). A program is executed again where it came with this package and has that hash; otherwise
   its act is counted among what was left out.
3. The messages that the rule makes of the answer, or its advice, stand in the transaction after the account;
   those of a trading agent are checked by `audit.trades`.
"""

from collections.abc import Callable, Sequence

from consortia.base.codec import Malformed, decode_record, from_value, to_value
from consortia.engines.commit.batch import WrongOpening
from consortia.engines.commit.prediction import OpenedPrediction, read_opened
from consortia.engines.infer.predict import Features
from consortia.engines.train.api import RecipeError
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import Call, parse_transaction
from consortia.modules.identity.mandate_types import DEFER
from consortia.modules.predictions.messages import Defer
from consortia.modules.predictions.state import DEEDS
from consortia.modules.predictions.types import Deed
from consortia.node.audit.findings import Findings
from consortia.node.audit.folder import Shelf
from consortia.node.audit.trades import Act, audit_trade
from consortia.node.blobs import BlobError, NoBlob
from consortia.sdk.builder import message
from consortia.workers.delegate import ModelMind, Rule, RuleError, messages_of, places, read_rule
from consortia.workers.trading import is_trade_rule, read_trade_rule

Own = Callable[[bytes], bytes | None]


def audit_acts(ledger: Ledger, blobs: Shelf, own: Own, findings: Findings) -> None:
    """Execute every opened act again."""
    found: list[Deed] = []

    def collect(ctx: Context) -> None:
        found.extend(deed for _, deed in DEEDS.scan(ctx))

    ledger.ask(collect)
    base = ledger.base
    for deed in found:
        place = _place(deed)
        if base is not None and deed.height <= base.height:
            findings.left_out.append(f"{place}: its block lies before the snapshot this home begins with")
            continue
        try:
            opened = own(deed.account.root) or _published(blobs, deed)
            if opened is None:
                findings.left_out.append(f"{place}: not opened to this home")
            else:
                (one,) = read_opened(opened, deed.account.root, 1)
                _execute(ledger, blobs, deed, one, findings)
        except NoBlob:
            findings.left_out.append(f"{place}: not opened to this home")
        except (Malformed, WrongOpening, BlobError, RecipeError, RuleError, ValueError) as error:
            findings.wrong(place, str(error))


def _place(deed: Deed) -> str:
    return f"act {deed.id.hex()[:16]} of {deed.owner}/{deed.agent}"


def _published(blobs: Shelf, deed: Deed) -> bytes | None:
    return None if deed.account.opened is None else blobs.read(deed.account.opened)


def _execute(ledger: Ledger, blobs: Shelf, deed: Deed, one: OpenedPrediction, findings: Findings) -> None:
    account, said, place = deed.account, one.record, _place(deed)
    same = (said.input, said.probability_ppm, said.policy) == (account.input, account.stated, account.policy)
    findings.expect(
        same and said.model == deed.content, place, "its record is not the one it accounts by"
    )  # 1
    text, signed = blobs.read(account.policy), _signed(ledger, deed)
    if is_trade_rule(text):
        audit_trade(ledger, blobs, Act(place, deed, one, read_trade_rule(text), signed), findings)  # 2, 3
        return
    rule = read_rule(text, ledger.app)
    if deed.model is None:
        findings.left_out.append(f"{place}: a program answered, which is not executed here")
    else:
        seen = decode_record(Features, one.input).cells
        answer = ModelMind(deed.content, blobs.read(deed.content)).act(seen)
        found = (answer.label, answer.stated, answer.score)
        made = (said.label, said.probability_ppm, said.score)
        findings.expect(found == made, place, "the model answers otherwise")  # 2
        findings.acts_executed += 1
    wanted = [_messages(ledger, each, said.label, signed) for each in (rule, rule.advising())]
    findings.expect(signed in wanted, place, "it signed other messages than its answer leads to")  # 3


def _signed(ledger: Ledger, deed: Deed) -> list[Call]:
    """What an agent signed beside its account: the calls behind it, or those that it keeps."""
    first, *others = _calls(ledger, deed)
    kept = from_value(Defer, first.args).calls if first.method == DEFER else ()
    return [*others, *kept]


def _calls(ledger: Ledger, deed: Deed) -> tuple[Call, ...]:
    """The calls of the transaction that an act is."""
    block = ledger.block(deed.height)
    for raw in () if block is None else block.transactions:
        parsed = parse_transaction(raw, ledger.network)
        if parsed.id == deed.transaction:
            return parsed.transaction.calls
    raise RuleError("its transaction is in no block")


def _messages(ledger: Ledger, rule: Rule, label: str, signed: Sequence[Call]) -> list[Call]:
    """What the rule makes of an answer, with the ids and hashes that the signed calls name."""
    given: dict[str, bytes] = {}
    for number, name, place in places(rule, label):
        found = signed[number].args.get(name) if number < len(signed) else None
        if isinstance(found, bytes):
            given.setdefault(place, found)
    calls = []
    for method, arguments in messages_of(rule, label, given):
        calls.append(Call(method, dict(to_value(message(ledger.app, method, arguments)))))
    return calls
