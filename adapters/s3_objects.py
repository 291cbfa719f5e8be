"""Objects in S3, or in a store that speaks its protocol, as files of records."""

import gzip
import io
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import IO, TYPE_CHECKING, cast

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from adapters.record_inputs import S3_SCHEME
from streamscore.errors import UsageError
from streamscore.sources.record_files import Layout, layout_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer
    from obstore import GetResult
    from obstore.store import S3Config

_CHUNK_BYTES = 1 << 20
_STALLED_AFTER = timedelta(minutes=1)
_WHOLE_OBJECT = timedelta(days=7)  # it is read as slowly as its rows are taken
_MOST_RETRIES = 5
_RETRIED_FOR = timedelta(seconds=30)

_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SKIP_SIGNATURE",
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_SKIP_SIGNATURE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
_WILDCARD = re.compile(r"[*?\[]")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_REFUSALS = ("AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch")
_METADATA_SERVICE = "169.254.169.254"
_NO_CREDENTIALS = (
    "no credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
    "AWS_SKIP_SIGNATURE=true where everybody may read"
)


class S3Object:
    """An object as a file of records.

    Parameters
    ----------
    url : str
        `s3://bucket/key`.
    layout : {"csv", "jsonl"} or None
        How records stand in it; None goes by the suffix of the key.
    environ : mapping of str to str
        The environment: `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` and so on.

    Raises
    ------
    UsageError
        When the URL names no bucket or no key, or the environment no credentials.
    """

    def __init__(self, url: str, layout: Layout | None, environ: Mapping[str, str]) -> None:
        self._url = url
        self._layout = layout
        bucket, self._key = _bucket_and_key(url)
        self._store = _Store(bucket, environ)

    @property
    def name(self) -> str:
        """Its URL."""
        return self._url

    @property
    def layout(self) -> Layout:
        """How records stand in it; UsageError where its key does not tell."""
        return self._layout or layout_of(self._key)

    def open(self) -> IO[bytes]:
        """Open its bytes, unzipped, at the beginning; OSError where that fails, also later on."""
        content = io.BufferedReader(_Content(self._store, self._key), _CHUNK_BYTES)
        if self._key.endswith(".gz"):
            return cast("IO[bytes]", gzip.open(content))
        return content


def matching_urls(url: str, environ: Mapping[str, str]) -> list[str]:
    """Return the URLs of the objects that a URL stands for, by key.

    Parameters
    ----------
    url : str
        `s3://bucket/key` is itself; with a slash at its end it is all objects whose key begins so,
        with `*`, `?` or `[...]` those whose key is like that (`*` may stand for slashes as well).
    environ : mapping of str to str
        The environment.

    Raises
    ------
    UsageError
        When there is none, or the store does not answer or refuses.

    Examples
    --------
    >>> matching_urls("s3://bucket/may.csv", {})
    ['s3://bucket/may.csv']
    """
    bucket, key = _bucket_and_key(url)
    wildcard = _WILDCARD.search(key)
    if wildcard is None and not key.endswith("/"):
        return [url]
    before = key[: wildcard.start()] if wildcard else key
    pattern = key if wildcard else f"{key}*"
    try:
        found = _Store(bucket, environ).keys(before.rpartition("/")[0])
    except OSError as error:
        raise UsageError(f"{url} must be readable; it is not: {error}") from None
    matching = sorted(one for one in found if fnmatchcase(one, pattern))
    if not matching:
        raise UsageError(f"a pattern must match at least one object; {url} matches none")
    return [f"{S3_SCHEME}{bucket}/{one}" for one in matching]


class _Store:
    """A bucket, its failures told as OSErrors."""

    def __init__(self, bucket: str, environ: Mapping[str, str]) -> None:
        self._bucket = bucket
        endpoints = [environ[name] for name in _ENDPOINTS if environ.get(name)]
        self._endpoint = endpoints[0] if endpoints else "that of AWS"
        has_metadata = not endpoints and environ.get("AWS_EC2_METADATA_DISABLED") != "true"
        if not has_metadata and not any(environ.get(name) for name in _CREDENTIALS):
            raise UsageError(f"{S3_SCHEME}{bucket} needs credentials; {_NO_CREDENTIALS}.")
        config = {name.lower(): environ[name] for name in _VARIABLES if environ.get(name)}
        config |= {"aws_endpoint": endpoints[0]} if endpoints else {}
        try:
            self._store = S3Store(
                bucket,
                config=cast("S3Config", config),
                client_options={
                    "allow_http": self._endpoint.startswith("http://"),
                    "timeout": _WHOLE_OBJECT,
                    "read_timeout": _STALLED_AFTER,
                },
                retry_config={"max_retries": _MOST_RETRIES, "retry_timeout": _RETRIED_FOR},
            )
        except (BaseError, ValueError) as error:
            raise UsageError(
                f"{S3_SCHEME}{bucket} cannot be opened: {_first_line(error)}"
            ) from None

    def get(self, key: str) -> "GetResult":
        """Begin to read an object."""
        try:
            return obstore.get(self._store, key)
        except (BaseError, OSError) as error:
            raise self.told(error) from None

    def keys(self, folder: str) -> list[str]:
        """Return all keys below a folder."""
        try:
            batches = obstore.list(self._store, folder)
            return [one["path"] for batch in batches for one in batch]
        except (BaseError, OSError) as error:
            raise self.told(error) from None

    def told(self, error: Exception) -> OSError:
        """Return what went wrong and what to do, without the insides of the client."""
        text = str(error)
        found = _CODE.search(text)
        code = found[1] if found else _first_line(error)
        if code == "NoSuchBucket":
            return OSError(f"there is no bucket {self._bucket} at {self._endpoint}")
        if isinstance(error, FileNotFoundError):
            return OSError(f"the bucket {self._bucket} holds no object of that key")
        if _METADATA_SERVICE in text:
            return OSError(_NO_CREDENTIALS)
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or code in _REFUSALS:
            return OSError(
                f"the store refused: {code}. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
                "what they may read"
            )
        return OSError(f"{code}. Check AWS_ENDPOINT_URL ({self._endpoint}) and AWS_REGION")


class _Content(io.RawIOBase):
    """The bytes of an object. obstore takes a broken connection up again where it broke."""

    def __init__(self, store: _Store, key: str) -> None:
        self._store = store
        found = store.get(key)
        self._left = found.meta["size"]
        self._chunks: Iterator[ReadableBuffer] = iter(found.stream(min_chunk_size=_CHUNK_BYTES))
        self._chunk = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: "WriteableBuffer") -> int:
        if not self._chunk:
            self._chunk = self._next_chunk()
        target = memoryview(into)
        taken = self._chunk[: len(target)]
        target[: len(taken)] = taken
        self._chunk = self._chunk[len(taken) :]
        return len(taken)

    def _next_chunk(self) -> memoryview:
        try:
            chunk = memoryview(next(self._chunks, b""))
        except (BaseError, OSError) as error:
            raise self._store.told(error) from None
        self._left -= len(chunk)
        if self._left < 0 or (self._left > 0 and not chunk):
            raise OSError(f"the object ended {self._left} bytes before its size")
        return chunk


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix(S3_SCHEME).partition("/")
    if not bucket or not key:
        raise UsageError(f"an object is named as s3://bucket/key; got {url}")
    return bucket, key


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
