"""Files of records as commands name them: paths, `-` for standard input, `s3://` URLs."""

import gzip
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from streamscore.errors import UsageError
from streamscore.sources.beginnings import BYTE_ORDER_MARK, rejoined
from streamscore.sources.record_files import Layout, LocalFile, RecordFile
from streamscore.sources.table_text import layout_of_line

STANDARD_INPUT = "-"
S3_SCHEME = "s3://"

GZIP_MARK = b"\x1f\x8b"
"""What a gzip begins with."""
_BUFFER_BYTES = 1 << 20


def record_file(
    text: str,
    layout: Layout | None,
    environ: Mapping[str, str],
    standard_input: IO[bytes] | None = None,
) -> RecordFile:
    """Return the one file of records that a command's argument names.

    Parameters
    ----------
    text : str
        A path, `-` for standard input, or `s3://bucket/key`.
    layout : {"csv", "jsonl"} or None
        How records stand in it; None goes by its suffix, or by what standard input begins with.
    environ : mapping of str to str
        The environment, with `AWS_...` for objects.
    standard_input : file of bytes, optional
        What `-` is; the process's own by default.

    Raises
    ------
    UsageError
        When a URL is incomplete, or there are no credentials.

    Examples
    --------
    >>> import io
    >>> record_file("may.csv.gz", None, {}).layout
    'csv'
    >>> record_file("-", None, {}, io.BytesIO(b'{"a": 1}')).layout
    'jsonl'
    """
    if text == STANDARD_INPUT:
        return StandardInput(standard_input or sys.stdin.buffer, layout)
    if text.startswith(S3_SCHEME):
        from adapters.s3_objects import S3Object

        return S3Object(text, layout, environ)
    return LocalFile(Path(text), layout)


def record_files(
    texts: Sequence[str],
    layout: Layout | None,
    environ: Mapping[str, str],
    standard_input: IO[bytes] | None = None,
) -> tuple[RecordFile, ...]:
    """Return the files of records that a command's arguments name.

    Parameters
    ----------
    texts : sequence of str
        As for `record_file`; of URLs also patterns, `s3://bucket/may/` or `s3://bucket/*.csv`,
        which stand for all objects that match, in the order of their keys.
    layout, environ, standard_input
        As for `record_file`.

    Raises
    ------
    UsageError
        As of `record_file`, and when a pattern matches nothing or its bucket cannot be listed.

    Examples
    --------
    >>> import io
    >>> [file.name for file in record_files(["a.csv", "-"], "csv", {}, io.BytesIO())]
    ['a.csv', '-']
    """
    named: list[str] = []
    for text in texts:
        if text.startswith(S3_SCHEME):
            from adapters.s3_objects import matching_urls

            named += matching_urls(text, environ)
        else:
            named.append(text)
    return tuple(record_file(text, layout, environ, standard_input) for text in named)


class StandardInput:
    """Standard input as a file of records; it can be read once.

    Parameters
    ----------
    stream : file of bytes
        Plain or gzipped, which its first two bytes tell.
    layout : {"csv", "jsonl"} or None
        How records stand in it; None goes by its first line.

    Attributes
    ----------
    told_layout : {"csv", "jsonl"} or None
        How records stand in it, as far as that is known without reading.
    """

    name = STANDARD_INPUT

    def __init__(self, stream: IO[bytes], layout: Layout | None) -> None:
        self._stream = stream
        self.told_layout = layout
        self._content: IO[bytes] | None = None
        self._is_read = False

    @property
    def layout(self) -> Layout:
        """How records stand in it; UsageError where its first line does not tell."""
        if self.told_layout is None:
            self.told_layout = self._sniffed_layout()
        return self.told_layout

    def open(self) -> IO[bytes]:
        """Return its bytes, unzipped; OSError from the second time on."""
        if self._is_read:
            raise OSError("standard input can be read only once")
        self._is_read = True
        return self._unzipped()

    def _unzipped(self) -> IO[bytes]:
        if self._content is None:
            head = self._stream.read(len(GZIP_MARK))
            self._content = rejoined(head, self._stream, _BUFFER_BYTES)
            if head == GZIP_MARK:
                unzipped = gzip.GzipFile(fileobj=self._content)
                self._content = cast("IO[bytes]", unzipped)
        return self._content

    def fileno(self) -> int:
        """Return the descriptor of what it comes from, for whoever reads that instead."""
        return self._stream.fileno()

    def _sniffed_layout(self) -> Layout:
        content = self._unzipped()
        layout, head = sniffed_layout(content)
        self._content = rejoined(head, content, _BUFFER_BYTES)
        return layout


def sniffed_layout(content: IO[bytes]) -> tuple[Layout, bytes]:
    r"""Tell how records stand in standard input, from its first line that is not blank.

    Parameters
    ----------
    content : file of bytes
        At its beginning, unzipped.

    Returns
    -------
    layout : {"csv", "jsonl"}
        How records stand in it.
    head : bytes
        What was read of it for that.

    Raises
    ------
    UsageError
        When the line may be anything.

    Examples
    --------
    >>> from io import BytesIO
    >>> sniffed_layout(BytesIO(b"\n{}\n{}\n"))
    ('jsonl', b'\n{}\n')
    """
    head = line = b""
    while line := content.readline(_BUFFER_BYTES):
        head += line
        if line.removeprefix(BYTE_ORDER_MARK).strip():
            break
    layout = layout_of_line(line)
    if layout is None:
        shown = line.removeprefix(BYTE_ORDER_MARK).strip()[:40].decode(errors="replace")
        raise UsageError(
            "standard input begins with a CSV's header or a JSON object, or is described by "
            f"--format csv or --format jsonl; it begins with {shown!r}"
        )
    return layout, head
