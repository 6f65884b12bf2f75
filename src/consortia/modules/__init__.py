"""The law: one room for each module, on the ledger, deterministic, wired to one another in `app`."""
