"""Files of every released version of every format are read as they were meant.

A new format is an entry of `FORMATS`, a file `<format>/<version>*` here, written once by the
version that released it and never again, and a reader in `READERS`.
"""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from producer.marks import ReplayMark
from streamscore import headers
from streamscore.bundle import read_bundle
from streamscore.errors import BundleError, SettingsError, SourceError, UsageError
from streamscore.event_schemas import WRITTEN
from streamscore.events import RESUME, Announcement, AnomalyEvent, Command, RemovedBody, ScoreLine
from streamscore.formats import FORMATS, compatibility_markdown, format_named, refusal, version_of
from streamscore.labels import Label, LabelFolding
from streamscore.runs import Run
from streamscore.scoring import Model, PartitionFold, PartitionState, Scored
from streamscore.settings import load_settings
from streamscore.sources import REASONS, Codec, load_source
from streamscore.sources.source_files import parse_source

HERE = Path(__file__).parent
HASHES = {
    "1.toml": "059731332c923e13",
    "1-without-format.toml": "059731332c923e13",
    "1-accidents.toml": "d112237a22e53cbf",
    "1-reviews.toml": "9b7122ba832d36d2",
    "1-accidents-with-dialects.toml": "d112237a22e53cbf",
    "1-reviews-with-dialects.toml": "9b7122ba832d36d2",
}
"""Schema hashes as the version that released each file gave them."""


def kept(name: str) -> bytes:
    return (HERE / name).read_bytes()


def read_anomaly() -> None:
    for name in ("anomaly/1.json", "anomaly/1-without-record.json"):
        event = msgspec.json.decode(kept(name), type=AnomalyEvent)
        assert event.type == "streamscore.anomaly.v1"
        assert event.data.position.identity() == event.id
        assert event.data.attribution[0].field == "temperature"
        assert sum(part.share for part in event.data.attribution) == pytest.approx(1.0)
        assert (bytes(event.data.record) == b"null") == (event.data.record_sha256 is not None)
        assert b"ann" not in bytes(event.data.record), "private, and masked"
        assert event.data.run is msgspec.UNSET
    of_run = msgspec.json.decode(kept("anomaly/1-of-run.json"), type=AnomalyEvent)
    assert of_run.data.run == "june"


def read_score() -> None:
    lines = [msgspec.json.decode(line, type=ScoreLine) for line in kept("score/1.jsonl").split()]
    assert [line.offset for line in lines] == list(range(22))
    assert (lines[0].score, lines[0].p_value) == (0.6794121507445843, 0.046511627906976744)
    assert {line.model_version for line in lines} == {"3"}
    assert msgspec.json.decode(kept("score/1-golden.json"), type=ScoreLine).offset == 81568


def read_dead_letter() -> None:
    for name in ("deadletter/1.json", "deadletter/1-golden.json"):
        found = dict(json.loads(kept(name))["headers"])
        assert found.get(headers.FORMAT, "1") == "1"
        assert found[headers.REASON] in REASONS
        assert found[headers.POSITION].count("/") == 3
        assert found[headers.TOPIC].startswith("records.")
        assert found[headers.BODY] == "original"
        assert {headers.DETAIL, headers.ROW} <= set(found)


def read_removed_body() -> None:
    msgspec.json.decode(kept("removed-body/1-golden.json"), type=RemovedBody)
    removed = msgspec.json.decode(kept("removed-body/1.json"), type=RemovedBody)
    assert (removed.bytes, removed.position.offset, len(removed.sha256)) == (2010, 7, 64)


def read_announcement() -> None:
    names = ("announcement/1.json", "announcement/1-golden.json")
    told = [msgspec.json.decode(kept(name), type=Announcement) for name in names]
    assert [one.source for one in told] == ["sensors", "accidents"]
    assert {one.alias for one in told} == {"production"}


def read_command() -> None:
    told = msgspec.json.decode(kept("command/1-golden.json"), type=Command)
    assert (told.source, told.command) == ("accidents", RESUME)


def read_label() -> None:
    label = msgspec.json.decode(kept("label/1-golden.json"), type=Label)
    assert (label.source, label.verdict, label.flagged) == ("accidents", False, True)
    assert (label.model_version, label.by, label.place) == ("3", "ann", (0, 81568))
    (missed, taken_back) = kept("label/1.jsonl").splitlines()
    folding = LabelFolding()
    folding.take(b"c/t/1/7", missed)
    (found,) = folding.labels().newest.values()
    assert (found.run, found.verdict, found.flagged, found.note) == ("june", True, False, "missed")
    folding.take(b"c/t/1/7", taken_back)
    assert [one.verdict for one in folding.labels().newest.values()] == [False]


def model(version: int = 1) -> Model:
    source = parse_source(kept("bundle/1-source.toml"), "sensors")
    return Model(
        Codec(source), read_bundle(HERE / "bundle" / str(version)), "streamscore-sensors", "3"
    )


RECORDS = kept("bundle/1-records.jsonl").splitlines()
SCORES = {version: json.loads(kept(f"bundle/{version}-scores.json")) for version in (1, 2)}


def assert_scored_as_then(scored: Scored, version: int, first: int) -> None:
    then = SCORES[version]
    assert len(scored.good) == len(then["scores"]) - first
    np.testing.assert_allclose(scored.scores, then["scores"][first:], rtol=1e-9)
    # Records that score alike may differ in the last bit from those of another version's window.
    np.testing.assert_allclose(scored.judged.p_value, then["p_values"][first:], atol=0.03)
    seldom = scored.judged.p_value < 0.1
    np.testing.assert_allclose(
        scored.judged.p_value[seldom], np.array(then["p_values"][first:])[seldom], rtol=1e-9
    )


def read_kept_bundle() -> None:
    for version in SCORES:
        loaded = model(version)
        fold = PartitionFold(loaded, loaded.new_window(1))
        assert_scored_as_then(fold.fold(RECORDS), version, 0)


def read_state() -> None:
    for version, name in enumerate(("1", "1-with-memory"), 1):
        state = PartitionState.decode(kept(f"state/{name}.msgpack"))
        assert (state.source, state.model.version, state.next_offset) == ("sensors", "3", 100)
        assert bool(state.memory) == (version == 2)
        assert_scored_as_then(state.resume(model(version)).fold(RECORDS[100:]), version, 100)


def read_source() -> None:
    found = {name: parse_source(kept(f"source/{name}"), name) for name in HASHES}
    assert {name: source.schema_hash() for name, source in found.items()} == HASHES
    assert found["1-reviews-with-dialects.toml"].dialects


def read_settings() -> None:
    text = kept("settings/1.toml").decode()
    settings = load_settings(text, {}, {})
    for section, values in tomllib.loads(text).items():
        for name, value in values.items():
            assert getattr(getattr(settings, section), name) == value
    assert load_settings(f"format = 1\n{text}", {}, {}) == settings


def read_rejects() -> None:
    entries = [json.loads(line) for line in kept("rejects/1.jsonl").splitlines()]
    assert [f"{entry['file']}:{entry['line']}" for entry in entries] == ["may.csv:12", "may.csv:40"]
    assert all(entry["reason"] in REASONS and entry["detail"] for entry in entries)


def read_replay() -> None:
    whole, followed = (ReplayMark.read(line) for line in kept("replay/1.txt").splitlines())
    assert whole == ReplayMark("0f3a5b7c9d11", "77e0c4a1b2d3", 1_700_000_000_000, 3)
    assert followed == ReplayMark("0f3a5b7c9d11", "77e0c4a1b2d3.1f", 1_700_000_000_000, 12)


def read_run() -> None:
    run = msgspec.json.decode(kept("run/1.json"), type=Run)
    assert (run.key, run.status, run.version) == ("accidents/june", "closed", "3")
    assert run.progress is not None
    assert run.progress.tally.anomalies == 402


READERS: dict[str, Callable[[], None]] = {
    "anomaly": read_anomaly,
    "score": read_score,
    "deadletter": read_dead_letter,
    "removed-body": read_removed_body,
    "announcement": read_announcement,
    "command": read_command,
    "bundle": read_kept_bundle,
    "state": read_state,
    "source": read_source,
    "settings": read_settings,
    "rejects": read_rejects,
    "replay": read_replay,
    "run": read_run,
    "label": read_label,
}
NAMES = [known.name for known in FORMATS]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_released_version_wrote_is_read(name: str) -> None:
    READERS[name]()


@pytest.mark.parametrize("name", NAMES)
def test_each_version_that_is_read_has_its_files(name: str) -> None:
    known = format_named(name)
    assert known.version in known.read
    kept_versions = {int(path.name.split("-")[0].split(".")[0]) for path in (HERE / name).iterdir()}
    assert kept_versions == set(known.read)


def test_every_event_is_a_format() -> None:
    for schema in WRITTEN:
        name, _, version = schema.partition(".v")
        assert format_named(name).version == int(version)


@pytest.mark.parametrize("name", ["score", "removed-body", "announcement"])
def test_what_is_written_says_its_version(name: str) -> None:
    kinds: dict[str, Any] = {
        "score": ScoreLine, "removed-body": RemovedBody, "announcement": Announcement
    }  # fmt: skip
    (first, *_) = next((HERE / name).iterdir()).read_bytes().splitlines()
    read = msgspec.json.decode(first, type=kinds[name])
    assert version_of(msgspec.json.encode(read)) == format_named(name).version


LATER = r"reads .+ of format 1( or 2)?; received format [23]\. Upgrade streamscore"


def test_a_later_bundle_is_refused_and_not_guessed(tmp_path: Path) -> None:
    for path in (HERE / "bundle" / "1").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    manifest = json.loads(kept("bundle/1/bundle.json")) | {"format": 3, "detector": {"new": 1}}
    (tmp_path / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=LATER):
        read_bundle(tmp_path)


def test_a_later_state_is_refused_and_not_guessed() -> None:
    later = msgspec.msgpack.decode(kept("state/1.msgpack")) | {"format": 2, "window": None}
    with pytest.raises(BundleError, match=LATER):
        PartitionState.decode(msgspec.msgpack.encode(later))


def test_a_later_source_is_refused_before_its_keys_are_judged() -> None:
    with pytest.raises(SourceError, match=LATER) as caught:
        parse_source(b"format = 2\nnew = 1\n", "orders.toml")
    assert "new" not in str(caught.value)


def test_a_later_settings_file_is_refused_before_its_keys_are_judged() -> None:
    with pytest.raises(SettingsError, match=LATER) as caught:
        load_settings("format = 2\n[new]\nkey = 1\n", {}, {})
    assert len(caught.value.faults) == 1


def test_a_later_announcement_is_refused_and_not_guessed() -> None:
    later = json.loads(kept("announcement/1.json")) | {"format": 2}
    with pytest.raises(msgspec.ValidationError, match=LATER):
        msgspec.json.decode(json.dumps(later), type=Announcement)


def test_a_later_mark_of_a_replay_is_refused_and_not_passed_over() -> None:
    with pytest.raises(UsageError, match=LATER):
        ReplayMark.read(b"2-whatever-comes")


@pytest.mark.parametrize("odd", ["1", True, None, 0, 1.5])
def test_a_version_that_is_none_is_refused(odd: object) -> None:
    assert "received format" in (refusal("source", odd) or "")


def test_the_built_in_sources_still_fit_the_models_of_released_versions() -> None:
    for name in ("accidents", "reviews"):
        assert load_source(name).schema_hash() == HASHES[f"1-{name}.toml"]


def test_the_page_names_every_format() -> None:
    page = compatibility_markdown()
    assert all(known.title.partition(" ")[2] in page for known in FORMATS)
