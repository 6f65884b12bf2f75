"""Large transfers as banks see them, and laid side by side under pseudonyms that it takes all banks to make.

Every bank blinds the accounts of its large transfers, and passes them round: each of the others blinds them
too. What comes back is the same for an account whichever bank named it, and no bank can try numbers alone.
Two banks see the transfer between their customers both; side by side it counts once.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from consortia.engines.intersect import Blinding, around
from consortia.solutions.finance.fraud.arrivals import CURRENCY, bic, iban
from consortia.solutions.finance.iso20022.parties import Party
from consortia.solutions.finance.iso20022.payments import Payment
from consortia.solutions.finance.iso20022.writing import write_payments
from consortia.solutions.finance.rings.laundering import Transfer, World
from consortia.solutions.finance.rings.rules import LARGE, renamed

MINUTE_MILLISECONDS = 60_000
BEGIN_MINUTE = 29_459_520
"""Minutes since 1970 at which the made-up month begins: 5 January 2026."""

_ACCOUNTS = 7_000_000_000


def number_of(account: bytes, bank: str, banks: Sequence[str]) -> bytes:
    """The number of a made-up account."""
    return iban(banks.index(bank), _ACCOUNTS + int(account.split()[-1])).encode()


def large(world: World, bank: str) -> list[Transfer]:
    """The large transfers with an account of a bank at either end."""
    return [one for one in world.seen_by(bank) if one.amount >= LARGE]


def send(path: Path, bank: str, world: World, banks: Sequence[str]) -> int:
    """Write the large transfers that a bank sees as a pacs.008; how many there are."""
    payments = [_payment(at, one, world.bank_of, banks) for at, one in enumerate(large(world, bank), 1)]
    path.write_bytes(write_payments(payments, path.stem, max(one.made for one in payments)))
    return len(payments)


def _payment(at: int, one: Transfer, bank_of: Mapping[bytes, str], banks: Sequence[str]) -> Payment:
    made = (BEGIN_MINUTE + one.time) * MINUTE_MILLISECONDS
    payer, payee = (
        Party(account.decode(), number_of(account, bank_of[account], banks).decode(), bic(bank_of[account]))
        for account in (one.payer, one.payee)
    )
    settles = datetime.fromtimestamp(made / 1_000, UTC).date().isoformat()
    return Payment(f"T{at}", f"E{at}", made, settles, one.amount, CURRENCY, payer, payee, "SLEV")


def transfers_in(payments: Sequence[Payment]) -> list[Transfer]:
    """Transfers by account numbers, out of payments that came in."""
    return [
        Transfer(
            one.made // MINUTE_MILLISECONDS,
            one.debtor.account.encode(),
            one.creditor.account.encode(),
            one.amount,
        )
        for one in payments
    ]


def accounts_of(transfers: Sequence[Transfer]) -> list[bytes]:
    """The accounts of transfers, each once, in order."""
    return sorted({account for one in transfers for account in (one.payer, one.payee)})


def pseudonyms(context: bytes, seen: Mapping[str, Sequence[Transfer]]) -> dict[str, dict[bytes, bytes]]:
    """For each bank the pseudonym of every account that it sees; `context` names the purpose.

    Each bank's secret is made here, used for one pass round all banks, and forgotten.
    """
    blindings = [Blinding(context) for _ in seen]
    found = {}
    for at, (bank, transfers) in enumerate(seen.items()):
        names = accounts_of(transfers)
        found[bank] = dict(zip(names, around(blindings, at, names), strict=True))
    return found


def side_by_side(
    seen: Mapping[str, Sequence[Transfer]], names: Mapping[str, Mapping[bytes, bytes]]
) -> list[Transfer]:
    """All banks' transfers under pseudonyms; one that two banks see counts once."""
    return sorted({one for bank, rows in seen.items() for one in renamed(rows, names[bank])})
