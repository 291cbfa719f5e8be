"""MiniLM gives each text a vector of its own, and is asked for only by sources that name it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from scorer.parts import settings_of_a_part
from scorer.preflight import refuse_a_missing_embedding
from streamscore.errors import SourceError, UsageError
from streamscore.features import ColumnPlan, Encoder, plan_columns
from streamscore.features.columns import planned
from streamscore.features.minilm import (
    DIMENSIONS,
    PackageFile,
    load_minilm,
    packages_of,
    require_embedding,
)
from streamscore.settings import Settings
from streamscore.sources import Codec
from streamscore.sources.source_files import parse_source
from tests.minilm import MEANT_ORDERS, with_minilm
from tests.orders import ORDERS, encoded_orders, orders
from trainer.app import TrainingPlan, prepare_model, write_trained_bundle

SHORT, LONG = (
    "Great product",
    "It came on monday with all of our things, and we are glad of it. " * 3,
)
MEANINGS = planned(text_embeddings=True)


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    load_minilm.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    yield
    load_minilm.cache_clear()


def encoded(encoder: Encoder, records: list[dict[str, object]]) -> NDArray[np.float64]:
    batch = Codec(MEANT_ORDERS).read(encoded_orders(records))
    return encoder.encode(batch.records, batch.utc_ms, batch.local_ms)


@with_minilm
def test_texts_that_mean_alike_lie_nearer_than_others() -> None:
    praise, other_praise, treaty = (
        load_minilm().vector(text)
        for text in (SHORT, "An excellent item", "The treaty was signed in 1648")
    )
    assert praise @ other_praise > 0.5
    assert praise @ treaty < 0.2


@with_minilm
def test_a_vector_has_length_one_and_a_text_without_words_has_none() -> None:
    minilm = load_minilm()
    for text in (SHORT, LONG, "word " * 50_000, "x" * 10_000):
        assert np.linalg.norm(minilm.vector(text)) == pytest.approx(1.0, abs=1e-6)
    assert not minilm.vector(" \n ").any()


@with_minilm
def test_what_lies_beyond_the_longest_text_is_not_read() -> None:
    minilm = load_minilm()
    start = "one two three " * 60
    assert np.array_equal(minilm.vector(start), minilm.vector(start + "broken broken"))


@with_minilm
def test_no_bit_of_a_row_depends_on_its_batch() -> None:
    """Where texts of several lengths were run at once, they would be padded to the longest."""
    notes = [SHORT, LONG, "", "never again", SHORT, LONG + LONG]
    usual = orders(len(notes))
    records = [order | {"note": note} for order, note in zip(usual, notes, strict=True)]
    codec = Codec(MEANT_ORDERS)
    learned = Encoder.fit(codec, codec.read(encoded_orders(usual)).records, MEANINGS).learned
    together = encoded(Encoder(codec, learned), records)
    alone = [encoded(Encoder(codec, learned), [record]) for record in records]
    turned = encoded(Encoder(codec, learned), records[::-1])[::-1]
    assert np.array_equal(together, np.vstack(alone))
    assert np.array_equal(together, turned)


@with_minilm
def test_the_columns_of_a_text_are_the_vector_of_that_text() -> None:
    codec, records = Codec(MEANT_ORDERS), orders(3)
    plan = ColumnPlan(text_dimensions=4, text_embeddings=True)
    encoder = Encoder.fit(codec, codec.read(encoded_orders(records)).records, plan)
    matrix = encoded(encoder, records)
    places = [i for i, c in enumerate(encoder.columns) if c.kind == "text_embedding"]
    assert places == list(range(len(encoder.columns) - DIMENSIONS, len(encoder.columns)))
    for row, record in zip(matrix, records, strict=True):
        assert row[places].tolist() == load_minilm().vector(record["note"]).tolist()


def test_a_source_that_hashes_has_no_columns_of_meaning() -> None:
    assert plan_columns(ORDERS, MEANINGS) == ()
    assert len(plan_columns(MEANT_ORDERS, MEANINGS)) == DIMENSIONS
    require_embedding(ORDERS)
    assert packages_of(ORDERS) == ()
    assert "onnxruntime" in packages_of(MEANT_ORDERS)


def test_naming_the_hash_changes_no_schema_and_naming_the_model_does() -> None:
    said = msgspec.structs.replace(ORDERS, embedding="hash")
    assert said.schema_hash() == ORDERS.schema_hash() != MEANT_ORDERS.schema_hash()


def test_an_embedding_is_one_of_those_there_are_and_needs_a_text() -> None:
    head = 'name = "s"\n{}[event_time]\nfield = "at"\nformat = "epoch_seconds"\n'
    fields = '[fields.at]\ntype = "integer"\nrole = "time"\n'
    with pytest.raises(SourceError, match=r"embedding = 'minilm' is made of fields of role text"):
        parse_source((head.format('embedding = "minilm"\n') + fields).encode(), "s")
    with pytest.raises(SourceError, match="embedding"):
        parse_source((head.format('embedding = "bert"\n') + fields).encode(), "s")


NEEDS = (
    r'embedding = "minilm" needs packages .* source orders, onnxruntime is missing\. '
    r"Install them with pip install 'streamscore\[minilm\]'"
)


@pytest.mark.usefixtures("without_the_extra")
def test_where_the_extra_is_missing_scoring_and_training_say_so_before_they_begin(
    tmp_path: Path,
) -> None:
    refuse_a_missing_embedding([ORDERS])
    with pytest.raises(UsageError, match=NEEDS):
        refuse_a_missing_embedding([ORDERS, MEANT_ORDERS])
    plan = TrainingPlan(source=MEANT_ORDERS)  # no files: history would be read from Kafka
    with pytest.raises(UsageError, match=NEEDS):
        prepare_model(Settings(), plan, tmp_path, lambda: 0.0)
    with pytest.raises(UsageError, match=NEEDS):
        write_trained_bundle(Settings(), plan, tmp_path / "bundle", lambda: 0.0)
    assert not (tmp_path / "bundle").exists()


def test_a_source_with_a_language_model_is_scored_in_small_batches() -> None:
    scorer = Settings().scorer
    assert settings_of_a_part(scorer, ORDERS, is_run=False) == scorer
    assert settings_of_a_part(scorer, MEANT_ORDERS, is_run=False).batch_records == 256
    run = settings_of_a_part(scorer, MEANT_ORDERS, is_run=True)
    assert (run.batch_records, run.start) == (256, "earliest")
    assert settings_of_a_part(scorer, ORDERS, is_run=True).batch_records == 2048
    few = msgspec.structs.replace(scorer, batch_records=10)
    assert settings_of_a_part(few, MEANT_ORDERS, is_run=True).batch_records == 10


@pytest.mark.usefixtures("without_the_extra")
def test_a_bundle_that_needs_the_extra_is_not_made_ready_without_it() -> None:
    learned = Encoder.fit(
        Codec(ORDERS), Codec(ORDERS).read(encoded_orders(orders(3))).records, MEANINGS
    ).learned
    with pytest.raises(UsageError, match=NEEDS):
        Encoder(Codec(MEANT_ORDERS), learned)


def test_a_file_of_another_version_is_refused() -> None:
    with pytest.raises(UsageError, match=r"must have the SHA-256 00, .* received [0-9a-f]{64}"):
        PackageFile("streamscore", "__init__.py", "00").read()


def test_a_package_or_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        PackageFile("no_such_package", "model.onnx", "00").read()
    assert caught.value.name == "no_such_package"
    with pytest.raises(FileNotFoundError):
        PackageFile("streamscore", "no_such_file", "00").read()
