"""The node: what a member runs. It follows or orders the ledger, keeps blobs, and answers over HTTP."""
