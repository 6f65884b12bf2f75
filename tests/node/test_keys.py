"""Key files."""

import json

import pytest

from consortia.base.keys import SigningKey
from consortia.node.keys import (
    KeyFileError,
    find_key,
    key_info,
    list_keys,
    open_key,
    passphrase_from,
    save_key,
)

KEY = SigningKey(bytes(range(32)))


def nobody():
    raise AssertionError("a passphrase was asked for")


def save(folder, passphrase, label="node", role="node"):
    return save_key(folder, KEY, passphrase, label=label, role=role, member="clinic-a")


def test_an_encrypted_key_opens_with_its_passphrase_and_no_other(tmp_path):
    path = save(tmp_path, "correct horse")
    assert KEY.seed.hex() not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_key(path, lambda: "correct horse").seed == KEY.seed
    with pytest.raises(KeyFileError, match="wrong passphrase"):
        open_key(path, lambda: "battery staple")


def test_a_plain_key_says_that_it_is_plain_and_asks_nothing(tmp_path):
    path = save(tmp_path, None)
    assert "not encrypted" in path.read_text()
    assert open_key(path, nobody).key_id == KEY.key_id
    assert key_info(path).plain


@pytest.mark.parametrize("field", ["label", "role", "member"])
def test_the_public_facts_of_an_encrypted_key_cannot_be_changed(tmp_path, field):
    path = save(tmp_path, "secret")
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, field: "other"}))
    with pytest.raises(KeyFileError, match="was changed"):
        open_key(path, lambda: "secret")


def test_fewer_rounds_than_ours_are_refused(tmp_path):
    path = save(tmp_path, "secret")
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "rounds": 1}))
    with pytest.raises(KeyFileError, match="at least 600000"):
        open_key(path, nobody_but("secret"))


def nobody_but(text):
    return lambda: text


def test_a_secret_of_another_key_is_found(tmp_path):
    path = save(tmp_path, None)
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "seed": bytes(32).hex()}))
    with pytest.raises(KeyFileError, match="does not belong"):
        open_key(path, nobody)


def test_a_key_file_is_never_overwritten_and_its_label_is_a_name(tmp_path):
    save(tmp_path, None)
    with pytest.raises(KeyFileError, match="never overwritten"):
        save(tmp_path, None)
    with pytest.raises(KeyFileError, match="label"):
        save(tmp_path, None, label="../node")


def test_a_file_that_is_no_key_file_is_named(tmp_path):
    path = tmp_path / "x.key.json"
    with pytest.raises(KeyFileError, match="there is no key file"):
        open_key(path, nobody)
    path.write_text("{}")
    with pytest.raises(KeyFileError, match="is no key file"):
        open_key(path, nobody)


@pytest.mark.parametrize("secret", ["zz", "ab", ""])
def test_a_plain_file_whose_secret_is_damaged_is_named(tmp_path, secret):
    path = save(tmp_path, None)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seed": secret}))
    with pytest.raises(KeyFileError, match="its secret is not 32 bytes"):
        open_key(path, nobody)


def test_keys_are_listed_and_found_by_role(tmp_path):
    save(tmp_path, None)
    save(tmp_path, None, label="alice", role="admin")
    assert [info.label for info in list_keys(tmp_path)] == ["alice", "node"]
    assert find_key(tmp_path, "admin").name == "alice.key.json"
    with pytest.raises(KeyFileError, match=r"it has: alice \(admin\), node \(node\)"):
        find_key(tmp_path, "worker")


def test_the_passphrase_comes_from_a_file_or_a_systemd_credential(tmp_path):
    (tmp_path / "phrase").write_text("one\n")
    (tmp_path / "consortia-passphrase").write_text("two")
    both = {"CONSORTIA_PASSPHRASE_FILE": str(tmp_path / "phrase"), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert passphrase_from(both) == "one"
    assert passphrase_from({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "two"
    with pytest.raises(KeyFileError, match="No such file"):
        passphrase_from({"CONSORTIA_PASSPHRASE_FILE": str(tmp_path / "none")})


def test_without_anybody_to_ask_the_error_says_what_to_set(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(KeyFileError, match="CONSORTIA_PASSPHRASE_FILE"):
        passphrase_from({})


def test_a_key_file_or_a_passphrase_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "node.key.json").mkdir()
    with pytest.raises(KeyFileError, match=r"node\.key\.json cannot be read"):
        list_keys(tmp_path)
    path = tmp_path / "passphrase"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(KeyFileError, match="passphrase is no UTF-8 text"):
        passphrase_from({"CONSORTIA_PASSPHRASE_FILE": str(path)})
