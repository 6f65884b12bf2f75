"""The CometBFT driver: an ABCI 2.0 application over one ledger, for blocks that many nodes order together.

`wire` and `server` speak CometBFT's protocol, `calls` translates, and `driver` is the application itself,
without sockets and without a clock. `bundle` is what travels as one CometBFT transaction.
"""
