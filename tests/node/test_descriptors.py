"""Connections never take the descriptors that a node's own files need."""

import resource

import pytest

from consortia.node.descriptors import SPARE, connections


@pytest.fixture
def limits():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_is_raised_for_the_connections_that_are_wanted(limits):
    resource.setrlimit(resource.RLIMIT_NOFILE, (SPARE, limits[1]))
    assert connections(64) == 64
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (SPARE + 64, limits[1])


def test_where_it_cannot_be_there_are_fewer_and_the_log_says_so(limits, caplog):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = 1 << 40
    there = wanted if hard == resource.RLIM_INFINITY else hard - SPARE
    assert connections(wanted) == there
    assert (f"{there} connections at a time, not {wanted}" in caplog.text) == (there < wanted)
