"""Records that another member hands out are shown as text, whatever stands in them."""

from consortia.cli.consents import show_records


def test_nothing_in_records_of_another_member_speaks_to_the_terminal(capsys):
    show_records(
        [{"age\x1b[2J": "41", "note": "well\n3  paid"}, {"age\x1b[2J": "\x9b8m", "note": "für Übung"}]
    )
    assert capsys.readouterr().out.splitlines() == [
        r"age\x1b[2J  note",
        r"41          well\n3  paid",
        r"\x9b8m      für Übung",
    ]
