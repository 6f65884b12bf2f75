"""The front door for programs: a client, transactions and messages, and what a light client verifies."""
