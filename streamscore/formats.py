"""The one list of every written format: its version, where that stands, what is read."""

from __future__ import annotations

from typing import Final

import msgspec


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format in which something is written to be read later.

    Attributes
    ----------
    name : str
        Its name in this list.
    title : str
        What it is, for people.
    place : str
        Where it is written.
    version : int
        The version that is written.
    read : tuple of int
        The versions that are read.
    carried : str
        Where the version stands, and what its absence means.
    additive : str
        What may be added without a new version.
    advice : str
        What to do where a version is not read.
    """

    name: str
    title: str
    place: str
    version: int = 1
    read: tuple[int, ...] = (1,)
    carried: str
    additive: str
    advice: str


_KEY = "key `format`; absent means 1"
_UPGRADE = "Upgrade streamscore to the version that wrote it, or a later one"
_KEYS = "keys, which readers pass over where they do not know them"

FORMATS: Final[tuple[Format, ...]] = (
    Format(
        name="anomaly",
        title="an anomaly event",
        place="`anomalies.SOURCE`",
        carried="the end of `type`: `streamscore.anomaly.v1`",
        additive=_KEYS,
        advice=_UPGRADE,
    ),
    Format(
        name="score",
        title="a score line",
        place="`scores.SOURCE`",
        carried=_KEY,
        additive=_KEYS,
        advice=_UPGRADE,
    ),
    Format(
        name="deadletter",
        title="the headers of a dead letter",
        place="`deadletters.SOURCE`",
        carried="header `streamscore-format`; absent means 1",
        additive="headers, and reasons",
        advice=_UPGRADE,
    ),
    Format(
        name="removed-body",
        title="a removed body",
        place="`deadletters.SOURCE`",
        carried=_KEY,
        additive=_KEYS,
        advice=_UPGRADE,
    ),
    Format(
        name="announcement",
        title="an announcement",
        place="`models`",
        carried=_KEY,
        additive=_KEYS,
        advice=f"{_UPGRADE}; until then a worker finds the version when it next asks MLflow",
    ),
    Format(
        name="run",
        title="a run on its topic",
        place="`runs`",
        carried=_KEY,
        additive=_KEYS,
        advice=_UPGRADE,
    ),
    Format(
        name="command",
        title="a command",
        place="`commands`",
        carried=_KEY,
        additive=f"commands, and {_KEYS}",
        advice=_UPGRADE,
    ),
    Format(
        name="label",
        title="a label",
        place="`labels`",
        carried=_KEY,
        additive=_KEYS,
        advice=f"{_UPGRADE}; until then it counts nowhere",
    ),
    Format(
        name="bundle",
        title="a bundle",
        place="MLflow, or the folder of `--bundle-dir`",
        version=2,
        read=(1, 2),
        carried="key `format` of `bundle.json`",
        additive="detectors, which older versions refuse by name, and keys that may be absent",
        advice=f"{_UPGRADE}, or train the model again with this one",
    ),
    Format(
        name="state",
        title="a partition's state",
        place="`state.SOURCE`",
        carried="key `format`",
        additive="keys that may be absent",
        advice=f"{_UPGRADE}: a window that is not read is not thrown away",
    ),
    Format(
        name="source",
        title="a source's TOML",
        place="your files",
        carried=_KEY,
        additive="keys that may be absent; older versions refuse those they do not know",
        advice=f"{_UPGRADE}, or write it in a format that is read",
    ),
    Format(
        name="settings",
        title="a settings file",
        place="`streamscore.toml`",
        carried="key `format`, before the first section; absent means 1",
        additive="settings; older versions refuse those they do not know",
        advice=f"{_UPGRADE}, or write it in a format that is read",
    ),
    Format(
        name="rejects",
        title="a line of a reject file",
        place="the file of `--rejects`",
        carried=_KEY,
        additive=f"reasons, and {_KEYS}",
        advice=_UPGRADE,
    ),
    Format(
        name="replay",
        title="a mark of a replay",
        place="`records.SOURCE`",
        carried="the beginning of header `streamscore-replay`",
        additive="kinds of control records",
        advice=f"{_UPGRADE}: without it the replay cannot be taken up where it broke off",
    ),
)


class _Versioned(msgspec.Struct):
    format: int = 1


def format_named(name: str) -> Format:
    """Return one format of the list."""
    return next(listed for listed in FORMATS if listed.name == name)


def version_of(document: bytes, *, binary: bool = False) -> int:
    """Return the version in the key `format` of a JSON or MessagePack document.

    Raises
    ------
    msgspec.MsgspecError
        When it is no such document, or its version is no integer.

    Examples
    --------
    >>> version_of(b'{"format": 2}'), version_of(b"{}")
    (2, 1)
    """
    decode = msgspec.msgpack.decode if binary else msgspec.json.decode
    return decode(document, type=_Versioned).format


def refusal(name: str, version: object) -> str | None:
    """Say why a version of a format is not read, and what to do; None where it is read.

    Examples
    --------
    >>> refusal("bundle", 1)
    >>> refusal("score", 2)
    'this version of streamscore reads a score line of format 1; received format 2. Upgrade
    streamscore to the version that wrote it, or a later one.'
    """
    known = format_named(name)
    if type(version) is int and version in known.read:
        return None
    versions = " or ".join(str(one) for one in known.read)
    return (
        f"this version of streamscore reads {known.title} of format {versions}; received format "
        f"{version!r}. {known.advice}."
    )


_PAGE_BEGIN = """\
# Compatibility

What is written is read again: by a later version, by another service, by you. Each format has a
version of its own, which grows only where a reader of the old one would go wrong. Files of each
released version are kept with the tests, as they were written, and each version of streamscore
reads them all.

| format | written to | version | read | the version stands in | added without a new version |
|---|---|---|---|---|---|
"""

_PAGE_END = """\

## What is promised

- **The next version reads what this one writes**, and all that the column *read* names. A format
  that is to be dropped is still read by one version after the changelog says so.
- **A later format is refused**, with the versions that are read and what to do, and never guessed:
  an older worker stops before a later state.
- **Events**: a key that is renamed, removed or given another meaning makes a new version, with a
  `type` and a schema of its own. Readers must pass over keys that they do not know.
- **A bundle** gives the same scores for the same records as long as it is read, and **a state**
  goes on with the p-values that its writer would have given.
- **A source** that uses no new key keeps its schema hash, and so its models.

Workers of two versions may run side by side while one replaces the other. Upgrade the scorer before
the trainer, so that whoever reads is never older than whoever writes.

## What has no version

Metrics, settings and topics are listed in [metrics](metrics.md), [settings](settings.md) and
[topics](topics.md); one that is renamed or removed is named in the changelog. `--json` output and
the tables of `score-file` get new keys, and new columns at their end. The layout of the caches of
bundles and of jars may change with any version: they can be deleted. Python modules are no
interface.
"""


def compatibility_markdown() -> str:
    """Return the page of the documentation that says what is kept."""
    lines = [
        f"| {known.title.partition(' ')[2]} | {known.place} | {known.version} "
        f"| {', '.join(str(one) for one in known.read)} | {known.carried} | {known.additive} |"
        for known in FORMATS
    ]
    return _PAGE_BEGIN + "\n".join(lines) + "\n" + _PAGE_END
