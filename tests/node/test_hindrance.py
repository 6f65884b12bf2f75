"""A disk without room is met where another program met it first, and no sooner."""

import shutil

from consortia.node.hindrance import PROBE_BYTES, Hindrance
from tests.faults.disks import SmallDisk


def test_a_disk_with_room_is_in_nobodys_way(tmp_path):
    hindrance = Hindrance(tmp_path)
    assert not hindrance.look()
    assert not hindrance.is_tight()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_met_once_and_gone_when_there_is_room(tmp_path, caplog):
    disk = SmallDisk(tmp_path / "small")
    if not disk.mounted:
        return  # said loudly
    try:
        hindrance = Hindrance(disk.folder)
        disk.fill(0)
        assert shutil.disk_usage(disk.folder).free < PROBE_BYTES
        assert hindrance.is_tight()
        assert hindrance.look()
        assert hindrance.look()
        assert "the disk is full" in hindrance.text
        assert len(caplog.records) <= 1
        disk.make_room(0)
        assert hindrance.is_gone()
    finally:
        disk.unmount()
