"""Shipped inspectors: what tests and audits look with. Nothing that runs imports them.

`battery` and `scenarios` (every module's tables), `auditors` (slow models of the law), `simulator` and
`faults`, `hostile` (a consortium with attackers in it), and the makers of the vectors.
"""
