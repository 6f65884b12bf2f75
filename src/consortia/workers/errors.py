"""What keeps a worker from doing what is due."""


class CannotJoin(ValueError):
    """A member's data do not fit a study; `mismatches` lists every reason, one line each.

    They say what stands in cells; `told` is a line without that, for logs.
    """

    def __init__(self, mismatches: list[str], told: str = "") -> None:
        """Refuse to join for these reasons."""
        super().__init__("\n".join(mismatches))
        self.mismatches, self.told = mismatches, told or mismatches[0]


class Refused(Exception):
    """The ledger refused what the worker sent; the text is the code."""
