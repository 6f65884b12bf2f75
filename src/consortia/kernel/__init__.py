"""The machine: blocks, admission, execution, commitment and proofs.

The kernel knows nothing of health, votes or money. It runs the modules it is given, on a store it
is given, and does no input or output of its own.
"""
