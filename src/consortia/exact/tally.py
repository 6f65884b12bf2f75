"""Quorums: the two counts on which everything here rests."""


def more_than_two_thirds(count: int, of: int) -> bool:
    """Whether `count` of `of` members are more than two thirds."""
    return 3 * count > 2 * of


def quorum(of: int) -> int:
    """The least number of `of` members that is more than two thirds: floor(2 of / 3) + 1."""
    return 2 * of // 3 + 1
