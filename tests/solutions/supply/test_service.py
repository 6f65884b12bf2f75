"""A capture that was accepted comes to its end, whatever its document does to the service."""

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.arriving import ROOM_BYTES, SHARE_BYTES_LEAST, Problem, Room
from consortia.solutions.supply.epcis.repository import Repository
from consortia.solutions.supply.epcis.service import Service


def test_a_capture_that_the_service_fails_at_is_told_as_failed(tmp_path):
    repository = Repository(tmp_path / "events.epcis")
    service = Service(repository, "secret")
    capture = repository.begin("proceed", 1)
    with pytest.raises(DataError):
        service._run(capture, {"epcisBody": 7})
    service.close()
    told = repository.capture(capture)
    assert (told.finished is None, told.success) == (False, False)
    assert [each["title"] for each in told.errors] == ["the service failed"]


def test_small_documents_take_room_too_and_what_is_given_back_is_there_again():
    room = Room()
    *_, give_back = [room.take(1) for _ in range(ROOM_BYTES // SHARE_BYTES_LEAST)]
    with pytest.raises(Problem, match="too many documents") as refused:
        room.take(1)
    assert refused.value.status == 503
    give_back()
    with pytest.raises(Problem, match="too many documents"):
        room.take(SHARE_BYTES_LEAST + 1)
    room.take(SHARE_BYTES_LEAST)
