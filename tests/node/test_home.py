"""A node's home and its settings."""

import os
import stat

import pytest

from consortia.node.config import Config, ConfigError, build, load, render, save, split_address
from consortia.node.home import Home, HomeError, Running, default_home, write_private

NETWORK = "ab" * 32


def make(tmp_path, **settings):
    config = Config(member="clinic-a", network=NETWORK, **settings)
    return Home.create(tmp_path / "home", config, b"genesis")


def test_a_home_is_the_systemd_state_directory_before_the_xdg_folder(tmp_path):
    assert default_home({"STATE_DIRECTORY": "/var/lib/consortia", "XDG_DATA_HOME": "/x"}).as_posix() == (
        "/var/lib/consortia"
    )
    assert default_home({"XDG_DATA_HOME": "/x"}).as_posix() == "/x/consortia"
    assert default_home({"CONSORTIA_HOME": "/h", "STATE_DIRECTORY": "/s"}).as_posix() == "/h"
    assert default_home({}).parts[-3:] == (".local", "share", "consortia")


def test_a_home_is_private_and_made_only_once(tmp_path):
    home = make(tmp_path)
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert home.genesis() == b"genesis"
    assert home.config({}) == Config(member="clinic-a", network=NETWORK)
    with pytest.raises(HomeError, match="is a home already"):
        make(tmp_path)


def test_a_folder_without_settings_is_no_home(tmp_path):
    with pytest.raises(ConfigError, match="consortia init"):
        Home.find(tmp_path, {})
    with pytest.raises(ConfigError, match=r"no consortia\.toml"):
        load(tmp_path, {})


def test_flags_go_over_the_environment_over_the_file(tmp_path):
    home = make(tmp_path, listen="127.0.0.1:1", connections_max=7)
    environment = {"CONSORTIA_LISTEN": "127.0.0.1:2", "CONSORTIA_TLS": "true", "CONSORTIA_TESTS": "quick"}
    config = home.config(environment, {"listen": "127.0.0.1:3", "url": None})
    assert (config.listen, config.tls, config.connections_max) == ("127.0.0.1:3", True, 7)
    assert home.config(environment).address == ("127.0.0.1", 2)
    assert home.config({}).address == ("127.0.0.1", 1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('colour = "red"', "no setting colour"),
        ('lissten = "127.0.0.1:80"', r"no setting lissten; did you mean listen\?"),
        ("group_transactions = 0", ">= 1"),
        ('listen = "everywhere"', "host:port"),
        ('listen = "0.0.0.0:80"', "tls = true"),
        ('orderer_url = "ftp://x"', "http:// or https://"),
        ('trainer = "my models:make"', "module:name, such as my_models:make"),
        ("tls = 3", "Expected `bool`"),
        ("listen = ", "is not TOML"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path, line, message):
    (tmp_path / "consortia.toml").write_text(f'member = "a"\nnetwork = "{NETWORK}"\n{line}\n')
    with pytest.raises(ConfigError, match=message) as caught:
        load(tmp_path, {})
    assert "consortia.toml" in str(caught.value)


def test_a_wrong_environment_variable_is_named(tmp_path):
    home = make(tmp_path)
    with pytest.raises(ConfigError, match="CONSORTIA_CONNECTIONS_MAX"):
        home.config({"CONSORTIA_CONNECTIONS_MAX": "many"})
    with pytest.raises(ConfigError, match="the flag --listen"):
        home.config({}, {"listen": "8.8.8.8:1"})


def test_what_is_saved_is_what_is_loaded(tmp_path):
    config = Config(member="a", network=NETWORK, orderer_url='http://x/"', tls=True, group_milliseconds=9)
    save(config, tmp_path)
    assert load(tmp_path, {}) == config
    assert "listen" not in render(config)
    with pytest.raises(ConfigError, match="no name"):
        build({"member": "A B", "network": NETWORK}, "here")


def test_an_address_may_be_of_version_six():
    assert split_address("[::1]:80") == ("::1", 80)
    assert Config(member="a", network=NETWORK, listen="[::1]:80").address == ("::1", 80)


def test_one_node_at_a_time_holds_a_home(tmp_path):
    home = make(tmp_path)
    assert home.running() is None
    facts = Running("http://127.0.0.1:1", NETWORK, "clinic-a", 1)
    with home.locked():
        home.announce(facts)
        with pytest.raises(HomeError, match="runs already"), home.locked():
            pass
        assert home.running() == facts
    assert home.running() is None


def test_the_token_is_for_the_owner_alone(tmp_path):
    home = make(tmp_path)
    with pytest.raises(HomeError, match="consortia up"):
        home.token()
    first = home.new_token()
    assert home.token() == first != home.new_token()
    assert (home.path / "token").stat().st_mode & 0o777 == 0o600


def test_a_private_file_is_forced_to_disk_and_then_its_name(tmp_path, monkeypatch):
    forced, fsync = [], os.fsync

    def watched(descriptor):
        forced.append("name" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "bytes")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write_private(tmp_path / "token", b"secret")
    assert forced == ["bytes", "name"]
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
