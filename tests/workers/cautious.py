"""A program for tests: it pays for what is new, and believes in it the less the longer it is."""


def decide(vector):
    kind, height = vector
    return ("pay" if kind == 1 else "skip"), max(0, 900_000 - 1_000 * (height or 0))


def mumble(_vector):
    return "pay", 1_000_001


def agree(_vector):
    return "yes", 800_000
