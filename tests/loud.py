"""What a run must not pass over: told at its end, once, whatever was captured and however many processes ran.

`loudly` is for what a missing privilege or program takes from the tests, `tell` for a figure that no test
judges. The hooks that gather and show both stand in `tests/conftest.py`.
"""

LOUD, TOLD = set[str](), set[str]()


def loudly(text: str) -> None:
    """Say in one loud line what this run did not prove."""
    LOUD.add(text)


def tell(text: str) -> None:
    """Report something that was measured on the way."""
    TOLD.add(text)


def heard() -> dict[str, list[str]]:
    """All that was said in this process, as one process hands it to another."""
    return {"loud": sorted(LOUD), "told": sorted(TOLD)}


def hear(said: dict[str, list[str]]) -> None:
    """Take in what was said in another process."""
    LOUD.update(said["loud"])
    TOLD.update(said["told"])


def lines() -> list[tuple[str, bool]]:
    """The lines to show, and whether each is loud."""
    return [(text, False) for text in sorted(TOLD)] + [(f"*** {text} ***", True) for text in sorted(LOUD)]
