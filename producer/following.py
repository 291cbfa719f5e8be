"""Following a file: its rows go to Kafka in the order of arrival, for as long as it grows."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Generator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import IO, cast

from msgspec import Struct

from adapters.record_inputs import GZIP_MARK, StandardInput, sniffed_layout
from adapters.topic_admin import TopicDescription
from producer.delivery import Delivery
from producer.growing import End, GrowingFile, open_when_there
from producer.marks import ReplayMark, plan_hash
from producer.ordering import OrderedRow
from producer.outgoing import Tally
from producer.plan import ReplayPlan, ReplaySummary, Resumed
from producer.progress import Telling
from producer.reading import FileReader, Reading, RejectFile, file_names
from producer.resuming import Resumption, resumption_of
from producer.rotations import Rotations
from producer.sending import RecordSender
from producer.starting import Start, check_beginning, records_topic, unopened_topic
from producer.summing import Outcome, summary_of
from producer.traces import Traces, find_traces
from streamscore.errors import UsageError
from streamscore.headers import CONTROL_END
from streamscore.settings import Settings
from streamscore.sources import Codec, Source
from streamscore.sources.beginnings import Rejoined
from streamscore.sources.record_files import Layout
from streamscore.sources.spellings import spellings_of

log = logging.getLogger(__name__)

_BUFFER_BYTES = 1 << 16
_UNSEEN = (
    "{} was renamed, and is not beside its path any more: had it been rotated twice, what was "
    "written in between would not be seen. Keep rotated files beside it"
)
_LOUD: dict[End, str] = {
    "rotated": "{} was renamed and made anew: the old one is sent to its end, now the new one",
    "truncated": "{} was emptied: what it held beyond the last row sent is lost, now its new rows",
}


def follow(
    plan: ReplayPlan,
    source: Source,
    settings: Settings,
    telling: Telling,
    started_ms: int,
    open_run: Callable[[], object] = lambda: None,
) -> ReplaySummary:
    """Forward the rows of a growing file until it is stopped, or brings nothing for too long.

    Each file at the path, the first one and those that a rotation or truncation brings, is a start
    of its own: it begins with a control record, and its rows carry its fingerprint.

    Parameters
    ----------
    plan : ReplayPlan
        What to follow.
    source : Source
        The source.
    settings : Settings
        Sections `kafka`, `topics` and `scorer` are read.
    telling : Telling
        Is told how far it is, and says when to stop.
    started_ms : int
        Now, milliseconds since 1970-01-01T00:00Z.
    open_run : callable
        Opens the run that the plan names, if any. Unless it is taken up, it is called when the file
        is there.

    Raises
    ------
    UsageError
        When the file cannot be read, its rows would go behind what the topic holds, or it cannot be
        taken up where it broke off.
    BrokerError
        When Kafka does not take the records.
    """
    telling.begin("sending", None)
    if plan.run is not None and not plan.resume and not _comes(plan, telling):
        return _nothing_came(plan, source, settings, telling)
    open_run()
    topic = records_topic(plan, source, settings)
    max_bytes = settings.scorer.record_max_bytes
    with (
        RejectFile(plan.reject_file(source.name), is_prompt=True) as rejects,
        RecordSender(settings.kafka, topic.name, max_bytes) as sender,
    ):
        following = _Following(plan, source, settings, topic, telling, sender, rejects, started_ms)
        following.run()
    return following.summary()


def _comes(plan: ReplayPlan, telling: Telling) -> bool:
    """Wait for the file; a path mistyped must not take a run's name, which is used once."""
    (file,) = plan.files
    if isinstance(file, StandardInput):
        return True

    def is_stopped() -> bool:
        return telling.tell(0, None)

    found = open_when_there(Path(file.name), telling.clock, plan.idle_seconds, is_stopped)
    if found is not None:
        os.close(found)
    return found is not None


def _nothing_came(
    plan: ReplayPlan, source: Source, settings: Settings, telling: Telling
) -> ReplaySummary:
    outcome = Outcome(
        reject_file=None,
        seconds=telling.seconds(),
        interrupted=telling.is_stopped,
        resumed="not asked",
    )
    topic = unopened_topic(plan, source, settings)
    return summary_of(source, topic, Reading(0, 0, {}, {}), Tally(), outcome)


class _Following:
    def __init__(  # what a replay is made of
        self,
        plan: ReplayPlan,
        source: Source,
        settings: Settings,
        topic: TopicDescription,
        telling: Telling,
        sender: RecordSender,
        rejects: RejectFile,
        started_ms: int,
    ) -> None:
        self._plan = plan
        self._source = source
        self._kafka = settings.kafka
        self._topic = topic
        self._telling = telling
        self._sender = sender
        self._rejects = rejects
        self._started_ms = started_ms
        self._file = plan.files[0]
        self._path = Path(self._file.name)
        self._rotations = Rotations(self._path, rejects.path)
        (self._name,) = file_names(plan.files)
        max_bytes = settings.scorer.record_max_bytes
        self._codec = Codec(source, max_bytes)
        # The file has to be found on the topic before any of it was read.
        dialects = source.dialects if plan.dialect is None else (plan.dialect,)
        self._plan_hash = plan_hash(plan, source, (self._name,), max_bytes, dialects)
        self._reader = FileReader(source, plan.times, max_bytes, plan.dialect)
        self._tally = Tally()
        self._delivery = Delivery(plan, self._codec, telling, sender, settings.kafka, self._tally)
        self._mark: ReplayMark | None = None
        self._resumed: Resumed = "not asked"
        self._notes: list[str] = []
        self._files = 0
        self._traces: Traces | None = None

    def run(self) -> None:
        """Send what each file brings, one after the other."""
        resumption = None
        if self._plan.resume:
            topic = self._topic.name
            self._traces = find_traces(self._kafka, topic, self._plan_hash, followed=True)
            resumption = resumption_of(self._traces, topic)
            self._resumed = "nothing found" if resumption is None else "went on"
        path = self._path if resumption is None else self._begun_file(resumption)
        descriptor = self._open(path)
        while descriptor is not None:
            end = self._send_file(descriptor, resumption)
            resumption = None
            if end not in _LOUD or self._telling.is_stopped:
                break
            self._tell_loudly(_LOUD[end].format(self._path))
            descriptor = self._open_next(end)
        if not self._telling.is_stopped and self._mark is not None:
            self._sender.control(CONTROL_END, self._mark.text())

    def summary(self) -> ReplaySummary:
        """Sum up what was done."""
        outcome = Outcome(
            reject_file=str(self._rejects.path) if self._rejects.counts else None,
            seconds=self._telling.seconds(),
            interrupted=self._telling.is_stopped,
            resumed=self._resumed,
            notes=tuple(self._notes),
        )
        reading = self._reader.reading(self._rejects)
        return summary_of(self._source, self._topic, reading, self._tally, outcome)

    def _send_file(self, descriptor: int, resumption: Resumption | None) -> End:
        self._files += 1
        growing = GrowingFile(
            self._path,
            descriptor,
            self._telling.clock,
            self._plan.idle_seconds,
            self._delivery.idle,
        )
        with closing(self._rows(growing)) as rows:
            first = next(rows, None)
            if first is not None:
                start = self._start(growing, first, resumption)
                self._mark = start.mark
                self._delivery.run(chain([first], rows), start)
        if growing.last_stat is not None:
            self._rotations.finish(growing.last_stat, growing.fingerprint())
        return growing.end or "stopped"

    def _start(
        self, growing: GrowingFile, first: OrderedRow, resumption: Resumption | None
    ) -> Start:
        if resumption is not None:
            return Start(resumption.mark, resumption, "went on")
        if self._mark is None:
            first_ms, topic = first.row.utc_ms, self._topic.name
            check_beginning(self._plan, first_ms, self._codec, self._kafka, topic, self._traces)
        passed_ms = int(1000 * self._telling.seconds())
        mark = ReplayMark(
            self._plan_hash,
            growing.fingerprint(),
            self._started_ms + passed_ms + self._files,
            self._topic.partitions,
        )
        return Start(mark, None, self._resumed)

    def _rows(self, growing: GrowingFile) -> Generator[OrderedRow, None, None]:
        content = _PromptReader(growing, _BUFFER_BYTES)
        piped = self._file if isinstance(self._file, StandardInput) else None
        layout = piped.told_layout if piped else self._file.layout
        if layout is not None:  # a dialect that there is not is told before the first line comes
            spellings_of(self._source, layout, self._plan.dialect)
        if not content.peek(1):
            return content.close()
        if piped:
            _check_plain(content)
        if layout is None:
            layout, content = _sniffed(content)
        file = _FollowedFile(self._name, layout, cast("IO[bytes]", content))
        for found in self._reader.file_rows(file, lambda: growing.end in ("stopped", "idle")):
            row = self._reader.accepted(self._name, found, self._rejects)
            if row is not None:
                yield OrderedRow(f"{self._name}:{found.line}", row)
        return None

    def _open_next(self, end: End) -> int | None:
        """Open what comes behind a file that has ended; None where nothing comes."""
        if end == "truncated":
            return self._open(self._path)
        if not self._rotations.is_finished_beside():
            self._tell_loudly(_UNSEEN.format(self._path))
        found = self._rotations.open_next()
        if found is None:
            descriptor = self._open(self._path)
            # Only what is open cannot be rotated away unseen: so it is looked once more.
            found = None if descriptor is None else self._rotations.open_next()
            if descriptor is None or found is None:
                return descriptor
            os.close(descriptor)
        path, descriptor = found
        self._tell_loudly(f"{self._path} was rotated more than once meanwhile: {path} comes next")
        return descriptor

    def _open(self, path: Path) -> int | None:
        """Open the file, waiting until it is there; None where it does not come."""
        if isinstance(self._file, StandardInput):
            return self._file.fileno()
        clock, idle_seconds = self._telling.clock, self._plan.idle_seconds
        return open_when_there(path, clock, idle_seconds, self._delivery.idle)

    def _begun_file(self, resumption: Resumption) -> Path:
        """Return the file that was being sent: at the path, or renamed beside it."""
        path = self._rotations.begun(resumption.mark.content)
        if path != self._path:
            self._tell_loudly(f"{self._path} was renamed to {path} meanwhile: that comes first")
        return path

    def _tell_loudly(self, note: str) -> None:
        log.warning("%s", note)
        self._notes.append(note)


class _PromptReader(io.BufferedReader):
    """Gives what there is, and does not wait for as much as is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1(-1 if size is None else size)


class _FollowedFile(Struct, frozen=True):
    """An open file as one that rows are read from."""

    name: str
    layout: Layout
    content: IO[bytes]

    def open(self) -> IO[bytes]:
        return self.content


def _check_plain(content: _PromptReader) -> None:
    if content.peek(len(GZIP_MARK)).startswith(GZIP_MARK):
        raise UsageError(
            "--follow takes lines as they are written; standard input is gzipped. Unzip it on the "
            "way: zcat ... | streamscore replay SOURCE - --follow"
        )


def _sniffed(content: _PromptReader) -> tuple[Layout, _PromptReader]:
    layout, head = sniffed_layout(cast("IO[bytes]", content))
    rest = Rejoined(head, cast("IO[bytes]", content))
    return layout, _PromptReader(rest, _BUFFER_BYTES)
