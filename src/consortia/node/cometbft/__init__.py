"""CometBFT beside a node: finding it, writing its files, running it, and handing it bundles.

A member never edits CometBFT's files: they are made from `consortia.toml` and the ledger each time it starts.
"""
