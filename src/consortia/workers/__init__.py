"""What a member's agent does: its part of every study, on data that never leave the member.

`worker.Worker` does what is due through a `door.Door` (the member's own node), `trustee.Trustee` its part in
secret elections; `loop.run` keeps them at it. Each is imported from its own file: who reads a vault pays for
no worker.
"""
