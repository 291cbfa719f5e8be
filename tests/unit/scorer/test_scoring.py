"""The scoring step, record by record, without Kafka."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from adapters.exposition import Exposition
from scorer.outputs import Outlets
from scorer.pausing import Pausing
from scorer.report import ScoringReport
from scorer.scoring import ScoringStep
from scorer.step import Output
from streamscore import headers
from streamscore.errors import RegistryError, UsageError
from streamscore.events import AnomalyEvent, RemovedBody, ScoreLine
from streamscore.runs import Tally
from streamscore.scoring import Model, ModelVersion, PartitionState
from streamscore.settings import Scorer
from streamscore.sources import Source, load_source
from tests.scoring_parts import Consumed, accident_model, accident_values

VALUES = accident_values(1500)[1000:]


class Versions:
    """Models by version, one of them in production."""

    def __init__(self, *models: Model) -> None:
        self.models = list(models)
        self.is_down = False

    def current(self) -> Model | None:
        """Return the last."""
        return self.models[-1] if self.models else None

    def version(self, version: ModelVersion) -> Model:
        """Return the one of that version."""
        for model in self.models:
            if model.version == version:
                return model
        if self.is_down:
            raise RegistryError("MLflow must answer; it does not")
        raise UsageError(f"no version {version.version}")


def _source() -> Source:
    return msgspec.structs.replace(load_source("accidents"), scores=True, nominal_rate=0.05)


def _pausing(**settings: Any) -> Pausing:
    return Pausing("scoring.accidents", "accidents", Scorer(**settings), monotonic=lambda: 0.0)


def _step(
    models: Versions,
    source: Source | None = None,
    largest_body: int = 10**6,
    run: str | None = None,
    pausing: Pausing | None = None,
) -> ScoringStep:
    outlets = Outlets(
        anomalies="anomalies",
        dead_letters="deadletters",
        scores="scores",
        cluster_id="cluster",
        records_topic_id="topic",
        partitions=1,
        largest_body=largest_body,
        run=run,
    )
    source = source or _source()
    report = ScoringReport(Exposition(), source, "scoring.accidents", lambda: 0.0)
    pausing = pausing or _pausing()
    return ScoringStep(source, models, outlets, report, pausing, lambda: 1_700_000_000.0)


def _messages(values: Sequence[bytes | None], first: int = 0) -> list[Consumed]:
    return [Consumed(first + i, value) for i, value in enumerate(values)]


def _of(topic: str, outputs: Sequence[Output]) -> list[Output]:
    return [output for output in outputs if output.topic == topic]


@pytest.fixture
def model() -> Model:
    """A model whose source asks for every score."""
    return accident_model(_source())


def test_every_record_has_a_score_and_the_flagged_ones_an_event(model: Model) -> None:
    step = _step(Versions(model))
    step.open(0, None, 0)
    outputs = step.process(0, _messages(VALUES), 0).outputs
    lines = [msgspec.json.decode(o.value or b"", type=ScoreLine) for o in _of("scores", outputs)]
    assert [line.offset for line in lines] == list(range(len(VALUES)))
    flagged = {line.offset for line in lines if line.flagged}
    events = [
        msgspec.json.decode(o.value or b"", type=AnomalyEvent) for o in _of("anomalies", outputs)
    ]
    assert flagged
    assert {event.data.position.offset for event in events} == flagged


def test_an_event_explains_itself(model: Model) -> None:
    step = _step(Versions(model))
    step.open(0, None, 0)
    outputs = step.process(0, _messages(VALUES), 0).outputs
    event = msgspec.json.decode(_of("anomalies", outputs)[0].value or b"", type=AnomalyEvent)
    data = event.data
    assert event.id == f"cluster/topic/0/{data.position.offset}"
    assert data.p_value <= data.nominal_rate
    assert data.score > data.threshold
    assert data.severity >= 0
    assert data.model == model.version
    assert sum(part.share for part in data.attribution) == pytest.approx(1.0, abs=1e-12)
    shares = [part.share for part in data.attribution]
    assert shares == sorted(shares, reverse=True)
    assert bytes(data.record) == VALUES[data.position.offset]


def test_the_events_of_a_run_name_it_and_are_else_those_of_the_stream(model: Model) -> None:
    made = []
    for run in (None, "june"):
        step = _step(Versions(model), run=run)
        step.open(0, None, 0)
        outputs = step.process(0, _messages(VALUES), 0).outputs
        made.append([msgspec.json.decode(o.value or b"") for o in _of("anomalies", outputs)])
    of_stream, of_run = made
    assert [event["data"].pop("run") for event in of_run] == ["june"] * len(of_run)
    assert of_run == of_stream


def test_a_run_notes_beside_the_offset_what_became_of_its_records(model: Model) -> None:
    step = _step(Versions(model), run="june")
    step.open(0, None, 0)
    outputs = step.process(0, _messages([*VALUES[:40], b"not json"]), 0).outputs
    anomalies = len(_of("anomalies", outputs))
    first = Tally.of_note(step.note(0))
    assert first == Tally(scored=40, dead_letters=1, anomalies=anomalies)
    # A successor takes the note over; what it folds silently was counted before.
    other = _step(Versions(model), run="june")
    other.open(0, step.checkpoint(0), 41, step.note(0))
    other.process(0, _messages(VALUES[40:50], 41), 46)
    assert Tally.of_note(other.note(0)).scored == 45


def test_the_live_stream_notes_nothing(model: Model) -> None:
    step = _step(Versions(model))
    step.open(0, None, 0)
    step.process(0, _messages(VALUES), 0)
    assert step.note(0) == ""


def test_headers_and_key_of_a_record_travel_on_with_its_event(model: Model) -> None:
    own: list[tuple[str, bytes | None]] = [("traceparent", b"00-ab-cd-01"), ("x", None)]
    step = _step(Versions(model))
    step.open(0, None, 0)
    messages = [Consumed(i, v, key=b"k", headers=own) for i, v in enumerate(VALUES)]
    outputs = step.process(0, messages, 0).outputs
    written = _of("anomalies", outputs)[0]
    assert written.key == b"k"
    assert list(written.headers) == own
    event = msgspec.json.decode(written.value or b"", type=AnomalyEvent)
    assert event.traceparent == "00-ab-cd-01"


def test_a_private_field_is_masked_in_record_and_reasons() -> None:
    source = _source()
    fields = {
        name: msgspec.structs.replace(field, private=True) for name, field in source.fields.items()
    }
    source = msgspec.structs.replace(source, fields=fields)
    step = _step(Versions(accident_model(source)), source)
    step.open(0, None, 0)
    outputs = step.process(0, _messages(VALUES), 0).outputs
    event = msgspec.json.decode(_of("anomalies", outputs)[0].value or b"", type=AnomalyEvent)
    assert {part.value for part in event.data.attribution} == {"****"}
    assert set(msgspec.json.decode(event.data.record).values()) == {"****"}


def test_bad_records_become_dead_letters_with_their_bytes_and_reason(model: Model) -> None:
    step = _step(Versions(model))
    step.open(0, None, 0)
    bad: list[bytes | None] = [None, b"{", b"\xff", b"[]", VALUES[0]]
    outputs = step.process(0, _messages(bad), 0).outputs
    dead = _of("deadletters", outputs)
    assert [letter.value for letter in dead] == bad[:4]
    reasons = [dict(letter.headers)[headers.REASON] for letter in dead]
    assert reasons == [b"null_value", b"not_json", b"not_utf8", b"wrong_type"]
    assert dict(dead[1].headers)[headers.POSITION] == b"cluster/topic/0/1"
    assert len(_of("scores", outputs)) == 1


def test_a_body_too_large_to_pass_on_is_replaced_by_its_hash(model: Model) -> None:
    step = _step(Versions(model), largest_body=100)
    step.open(0, None, 0)
    outputs = step.process(0, _messages([b"{" * 101, *VALUES]), 0).outputs
    letter = _of("deadletters", outputs)[0]
    removed = msgspec.json.decode(letter.value or b"", type=RemovedBody)
    assert (removed.bytes, removed.position.offset) == (101, 0)
    assert dict(letter.headers)[headers.BODY] == b"hash"
    event = msgspec.json.decode(_of("anomalies", outputs)[0].value or b"", type=AnomalyEvent)
    assert bytes(event.data.record) == b"null"
    assert len(event.data.record_sha256 or "") == 64


def test_a_control_record_is_neither_scored_nor_dead(model: Model) -> None:
    step = _step(Versions(model))
    step.open(0, None, 0)
    control = Consumed(0, b"", headers=[(headers.CONTROL, headers.CONTROL_END)])
    outputs = step.process(0, [control], 0).outputs
    assert outputs == []


def test_records_before_the_committed_offset_are_folded_and_not_written(model: Model) -> None:
    whole, resumed = _step(Versions(model)), _step(Versions(model))
    for step in (whole, resumed):
        step.open(0, None, 0)
    expected = whole.process(0, _messages(VALUES), 0).outputs
    outputs = resumed.process(0, _messages(VALUES), 300).outputs
    lines = {o.value for o in _of("scores", expected)[300:]}
    assert {o.value for o in _of("scores", outputs)} == lines


def test_who_takes_a_partition_over_goes_on_as_if_nothing_had_happened(model: Model) -> None:
    first = _step(Versions(model))
    assert not first.open(0, None, 0)
    first.process(0, _messages(VALUES[:200]), 0)
    state = first.checkpoint(0)
    expected = first.process(0, _messages(VALUES[200:], 200), 0)
    assert not expected.keep_state
    second = _step(Versions(model))
    assert second.state_offset(state) == 200
    assert second.open(0, state, 200)
    outputs = second.process(0, _messages(VALUES[200:], 200), 200).outputs
    assert outputs == expected.outputs


def test_a_new_production_model_takes_over_between_batches_with_a_fresh_window() -> None:
    models = Versions(accident_model(_source(), "1"))
    step = _step(models)
    step.open(0, None, 0)
    step.process(0, _messages(VALUES[:10]), 0)
    step.checkpoint(0)
    models.models.append(accident_model(_source(), "2", seed=2))
    outputs, keep_state, _ = step.process(0, _messages(VALUES[10:20], 10), 0)
    assert keep_state, "the state at a swap is kept"
    versions = {
        msgspec.json.decode(o.value or b"", type=ScoreLine).model_version
        for o in _of("scores", outputs)
    }
    assert versions == {"2"}
    assert PartitionState.decode(step.checkpoint(0)).model.version == "2"


def test_a_partition_is_caught_up_with_its_old_model_before_it_takes_the_new_one() -> None:
    old, new = accident_model(_source(), "1"), accident_model(_source(), "2", seed=2)
    before = _step(Versions(old))
    before.open(0, None, 0)
    before.process(0, _messages(VALUES[:10]), 0)
    state = before.checkpoint(0)
    after = _step(Versions(old, new))
    after.open(0, state, 10)
    after.process(0, _messages(VALUES[10:15], 10), emit_from=20)
    assert PartitionState.decode(after.checkpoint(0)).model.version == "1"
    after.process(0, _messages(VALUES[15:20], 15), emit_from=20)
    after.process(0, _messages(VALUES[20:30], 20), emit_from=20)
    assert PartitionState.decode(after.checkpoint(0)).model.version == "2"


def test_a_state_whose_model_is_gone_starts_anew_with_production(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = _step(Versions(accident_model(_source(), "1")))
    before.open(0, None, 0)
    before.process(0, _messages(VALUES[:10]), 0)
    after = _step(Versions(accident_model(_source(), "2", seed=2)))
    assert not after.open(0, before.checkpoint(0), 10)
    assert "is gone" in caplog.text


def test_a_window_is_not_given_up_while_nobody_can_tell_whether_its_model_is_gone() -> None:
    before = _step(Versions(accident_model(_source(), "1")))
    before.open(0, None, 0)
    before.process(0, _messages(VALUES[:10]), 0)
    state = before.checkpoint(0)
    models = Versions(accident_model(_source(), "2", seed=2))
    models.is_down = True
    after = _step(models)
    with pytest.raises(RegistryError, match="MLflow must answer"):
        after.open(0, state, 10)
    models.models.insert(0, accident_model(_source(), "1"))
    assert after.open(0, state, 10), "the next try goes on with the state"


def test_without_a_model_the_step_is_not_ready() -> None:
    assert not _step(Versions()).is_ready()


def test_a_batch_is_cut_where_a_pause_begins_and_the_rest_is_scored_the_same(model: Model) -> None:
    pausing = _pausing(pause_share=0.5, pause_records=10)
    cut, whole = _step(Versions(model), pausing=pausing), _step(Versions(model))
    values = [*VALUES[:20], *[b"{"] * 8, *VALUES[20:60]]
    for step in (cut, whole):
        step.open(0, None, 0)
    first = cut.process(0, _messages(values), 0)
    assert first.taken == 26, "the sixth bad one of ten is the last"
    assert pausing.committed()
    assert not cut.process(0, _messages(values[26:], 26), 0).taken
    pausing.resume()
    assert pausing.ends()
    second = cut.process(0, _messages(values[26:], 26), 0)
    found, expected = [*first.outputs, *second.outputs], whole.process(0, _messages(values), 0)
    assert sorted(found) == sorted(expected.outputs)


def test_tombstones_are_dead_or_passed_over_as_the_source_says(model: Model) -> None:
    skipping = msgspec.structs.replace(_source(), tombstones="skip")
    control = Consumed(3, None, headers=[(headers.CONTROL, headers.CONTROL_END)])
    messages = [*_messages([VALUES[0], None, VALUES[1]]), control]
    for source, dead, skipped in ((_source(), 1, 0), (skipping, 0, 1)):
        step = _step(Versions(model), source)
        step.open(0, None, 0)
        folded = step.process(0, messages, 0)
        assert folded.taken == 4
        assert len(_of("scores", folded.outputs)) == 2
        assert len(_of("deadletters", folded.outputs)) == dead
        assert step._done.tombstones == skipped
