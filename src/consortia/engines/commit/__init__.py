"""Commitments made off the ledger, and what opens them: blobs, record batches, data sets.

A commitment is 32 bytes that stand on the ledger for data that does not. Whoever made it keeps what
opens it: the data and its salts.

- `chunks`: a blob's address, the root of a SHA-256 tree over its 4 MiB chunks, hashed on all cores;
- `batch`: many records under one salted root, every record provable alone;
- `dataset`: rows by subject under one set hash, presence and absence provable to each subject;
- `prediction`: the record that binds a model, an input, an output and a policy.

`reference` is the plain law of all of them; the others are fast and are tested against it.
"""
