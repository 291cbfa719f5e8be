"""What a source must keep beyond its types."""

import msgspec
import pytest

from streamscore.errors import SourceError, UsageError
from streamscore.settings import Settings
from streamscore.sources import load_source
from streamscore.sources.source_files import parse_source
from streamscore.topics import planned_topics
from tests.sensors import SENSORS_TOML


def test_a_private_category_is_refused_for_a_model_would_show_its_values() -> None:
    private = SENSORS_TOML.replace(b'role = "category"', b'role = "category"\nprivate = true')
    with pytest.raises(SourceError, match=r"fields\.sensor: a private field cannot be a category"):
        parse_source(private, "sensors")


@pytest.mark.parametrize("topic", [".", ".."])
def test_a_topic_that_kafka_does_not_take_is_refused(topic: str) -> None:
    named = f'topic = "{topic}"\n'.encode() + SENSORS_TOML
    with pytest.raises(SourceError, match="that Kafka does not take"):
        parse_source(named, "sensors")


@pytest.mark.parametrize("kind", ["anomalies", "deadletters", "state"])
def test_a_source_that_reads_what_is_written_for_it_is_refused(kind: str) -> None:
    source = msgspec.structs.replace(load_source("reviews"), topic=f"{kind}.reviews")
    with pytest.raises(UsageError, match="a source's topic holds records"):
        planned_topics(Settings(), source)
