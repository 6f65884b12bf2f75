"""The files of new keys: gone where nobody knows the key, kept wherever the ledger may name it."""

import pytest

from consortia.cli.fresh import RECOVERING, is_taken, kept_unless_refused, recovery_kept_unless_refused
from consortia.node.founding import MemberKeys
from consortia.node.home import Home
from consortia.node.keys import key_info
from consortia.sdk.errors import TransactionRefused, Unreachable

REFUSED = TransactionRefused("kernel.expired")
UNKNOWN = (Unreachable("no receipt"), KeyboardInterrupt())


@pytest.fixture
def waiting(tmp_path):
    """The folder with the new keys of a recovery."""
    home, keys = Home(tmp_path / RECOVERING), MemberKeys.generate("east", "embedded")
    home.keys.mkdir(parents=True)
    keys.save(home, None)
    return home


@pytest.mark.parametrize("error", [*UNKNOWN, REFUSED])
def test_a_new_key_goes_only_where_its_transaction_is_refused(tmp_path, capsys, error):
    path = tmp_path / "desk.key.json"
    path.touch()
    with pytest.raises(type(error)), kept_unless_refused(path):
        raise error
    assert path.exists() == (error is not REFUSED)
    assert ("is kept" in capsys.readouterr().err) == (error is not REFUSED)


@pytest.mark.parametrize("error", [*UNKNOWN, REFUSED])
def test_the_keys_of_a_recovery_go_only_where_it_is_refused(waiting, error):
    with pytest.raises(type(error)), recovery_kept_unless_refused(waiting):
        raise error
    assert waiting.path.exists() == (error is not REFUSED)


def test_a_recovery_that_the_ledger_took_in_is_gone_on_with(waiting):
    assert is_taken(waiting, lambda: frozenset({key_info(waiting.keys / "admin.key.json").key}))
    assert waiting.path.exists()


def test_the_keys_of_a_recovery_that_it_did_not_take_in_are_set_aside(waiting, tmp_path):
    def refuses():
        raise Unreachable("401")

    names = sorted(path.name for path in waiting.keys.iterdir())
    assert not is_taken(waiting, refuses)
    [aside] = tmp_path.glob("keys-not-taken-*")
    assert sorted(path.name for path in (aside / "keys").iterdir()) == names
    assert not is_taken(waiting, frozenset)
