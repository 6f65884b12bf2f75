"""governance.audit: random work on governance, every answer and effect foretold by an auditor.

The figure is how often the machine did otherwise than the auditor said; the bar is never.
`CONSORTIA_OPERATIONS` asks for another number of operations than 100,000.
"""

import os
import time

from consortia.testing.auditors import Found
from consortia.testing.auditors.chamber import Chamber

OPERATIONS = 100_000
CHAMBER_MOVES = 300


def run():
    wanted = int(os.environ.get("CONSORTIA_OPERATIONS", OPERATIONS))
    done, seed, violations, codes = 0, 0, [], set()
    begin = time.process_time()
    while done < wanted:
        chamber = Chamber(seed)
        try:
            while chamber.moves < CHAMBER_MOVES:
                chamber.block()
        except Found as found:
            violations.append(f"seed {seed}: {found}")
        done, seed, codes = done + chamber.moves, seed + 1, codes | chamber.codes
    seconds = time.process_time() - begin
    note = (
        f"{done:,} operations in {seed} networks, {seconds:.0f} s of CPU, "
        f"{len(codes)} different answers{''.join(violations[:1])}"
    )
    return [
        {
            "id": "governance.audit",
            "value": len(violations),
            "unit": "violations",
            "bar": "0 in 100,000 operations",
            "met": not violations and done >= OPERATIONS,
            "note": note,
        }
    ]
