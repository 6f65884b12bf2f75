"""The node: what a member runs. It follows or orders the ledger, keeps blobs, and answers over HTTP.

- **The core**, without sockets and clock: `core` (what every node does), and its two kinds, `embedded` (one
  member orders) and `cometbft.core`. They stand on `chain`, `heads`, `finals`, `witness`, `checkpoints`,
  `leader`, `succession`, and say `sync` to one another; `memory` is what none may forget.
- **The process**: `serving` starts it, `server` drives it, `hindrance` and `clockwatch` say when it may not
  go on.
- **The front**: `http` and `places`, a file `http_*` for each kind of place, `auth`, `tokens` and `limits`
  before them, `console` behind.
- **Data**: `blobs`, `blob_rights`, `exchange`, `rounds`, and `index`, which may be deleted.
- **The home**: `home` and `config`, `founding` and `joining`, `keys` and `tls`, `backup` and `archive`,
  `audit`.
- **The worker** beside it: `workers`, `worker` and `door`.
"""
