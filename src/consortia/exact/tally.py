"""The quorum: the one count on which everything here rests."""


def quorum(members: int) -> int:
    """The smallest number of members that is more than two thirds of them: floor(2 members / 3) + 1."""
    return 2 * members // 3 + 1
