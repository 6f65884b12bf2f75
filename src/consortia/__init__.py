"""Consortia: train, govern and use AI together, on a ledger none of you can rewrite."""
