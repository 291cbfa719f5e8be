"""What is checked before scoring begins."""

import socket

import msgspec
import pytest

from scorer.preflight import refuse_a_taken_address, refuse_repeated_sources
from streamscore.errors import UsageError
from streamscore.sources import load_source

ACCIDENTS, REVIEWS = load_source("accidents"), load_source("reviews")


def test_different_sources_are_scored_together() -> None:
    refuse_repeated_sources([ACCIDENTS, REVIEWS], "")


def test_a_source_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="have a name each; received accidents more than once"):
        refuse_repeated_sources([ACCIDENTS, REVIEWS, ACCIDENTS], "")


def test_two_sources_that_read_one_topic_are_refused() -> None:
    other = msgspec.structs.replace(REVIEWS, topic="team1.records.accidents")
    with pytest.raises(UsageError, match=r"records topic each; received team1\.records\.accidents"):
        refuse_repeated_sources([ACCIDENTS, other], "team1.")


def test_a_port_that_another_program_has_is_refused_and_a_free_one_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=rf"port {port} cannot be had.*--port"):
            refuse_a_taken_address("127.0.0.1", port)
    refuse_a_taken_address("127.0.0.1", 0)
