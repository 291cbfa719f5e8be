"""The files that a rotation makes of a followed one: which of them are still to be sent."""

import glob
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from producer.growing import fingerprint_of, has_fingerprint
from streamscore.errors import UsageError

_ZIPPED = (".gz", ".bz2", ".xz", ".zst")

Identity = tuple[int, int]
"""What a file is known by under whichever name: its device, and its number there."""


class _Found(NamedTuple):
    path: Path
    identity: Identity
    written_ns: int
    is_empty: bool = False


class Rotations:
    """The files beside a path that were at it before, and what was sent of them.

    A rotated file is called as its path with digits and punctuation more: `a.log.1`,
    `a-20240131.log`. What lies there at the beginning is none of those that are sent.

    Parameters
    ----------
    path : Path
        What is followed.
    rejects : Path
        The reject file, which may lie beside it.
    """

    def __init__(self, path: Path, rejects: Path) -> None:
        self._path = path
        self._rejects = rejects
        self._known: dict[Identity, str] = {}
        self._finished: _Found | None = None
        for found in self._rotated():
            self._known[found.identity] = fingerprint_of(found.path)

    def begun(self, wanted: str) -> Path:
        """Return the file that has a fingerprint: at the path, or the latest beside it.

        Raises
        ------
        UsageError
            When it is neither.
        """
        if has_fingerprint(self._path, wanted):
            return self._path
        beside = self._beside()
        latest_ns = max((found.written_ns for found in beside), default=0)
        for found in beside:
            if found.written_ns == latest_ns and has_fingerprint(found.path, wanted):
                return found.path
        names = ", ".join(str(found.path) for found in beside)
        raise UsageError(
            f"--resume goes on in the file that was being sent; {self._path} begins otherwise now, "
            f"and the latest of the files beside it ({names or 'none'}) is "
            "not that one either. Bring it back to its path, or begin with the present one without "
            "--resume."
        )

    def finish(self, stat: os.stat_result, known_by: str) -> None:
        """Note that a file is sent to its end.

        Parameters
        ----------
        stat : os.stat_result
            The file's, at its end.
        known_by : str
            Its fingerprint.
        """
        self._finished = _Found(self._path, _identity(stat), stat.st_mtime_ns)
        self._known[self._finished.identity] = known_by

    def is_finished_beside(self) -> bool:
        """Tell whether the file that was sent last lies beside the path."""
        last = self._finished
        return last is not None and last.identity in {found.identity for found in self._beside()}

    def open_next(self) -> tuple[Path, int] | None:
        """Open the earliest file that was rotated away behind the one sent last, if there is one.

        Returns
        -------
        (Path, int) or None
            Its name at the moment, and its descriptor.

        Raises
        ------
        UsageError
            When it is compressed already, or cannot be read.
        """
        while (found := self._earliest()) is not None:
            try:
                descriptor = os.open(found.path, os.O_RDONLY)
            except FileNotFoundError:
                continue  # renamed by a rotation that goes on
            except OSError as error:
                raise UsageError(
                    f"a file that is followed must be readable; {found.path} is not: {error}"
                ) from None
            if _identity(os.fstat(descriptor)) == found.identity:
                return found.path, descriptor
            os.close(descriptor)
        return None

    def _earliest(self) -> _Found | None:
        last = self._finished
        if last is None:
            return None
        self._check_zipped(last)
        left = [
            found
            for found in self._rotated()
            if found.written_ns >= last.written_ns and not self._is_known(found)
        ]
        return min(left, key=lambda found: found.written_ns, default=None)

    def _check_zipped(self, last: _Found) -> None:
        """Refuse to pass over a file that was compressed before it was sent."""
        for path, _, written_ns, _ in self._beside():
            plain = path.with_suffix("")
            # Beside its plain file it is just being made, and has that one's time when it is done.
            if path.suffix not in _ZIPPED or not self._is_rotated(plain) or plain.exists():
                continue
            if written_ns > last.written_ns:
                raise UsageError(
                    f"rotated files are left as they are until they are sent; {path} was written "
                    f"behind the last file sent of {self._path}, and is compressed. Unpack it, and "
                    "send it and the present file with a replay of their own."
                )

    def _rotated(self) -> list[_Found]:
        return [one for one in self._beside() if self._is_rotated(one.path) and not one.is_empty]

    def _is_rotated(self, path: Path) -> bool:
        return path != self._path and _letters(path.name) == _letters(self._path.name)

    def _beside(self) -> list[_Found]:
        found = []
        for path in sorted(self._path.parent.glob(f"{glob.escape(self._path.stem)}*")):
            if path in (self._path, self._rejects) or not path.is_file():
                continue
            with suppress(FileNotFoundError):  # renamed since
                stat = path.stat()
                found.append(_Found(path, _identity(stat), stat.st_mtime_ns, not stat.st_size))
        return found

    def _is_known(self, found: _Found) -> bool:
        # The number of a file that was removed is given to a new one: the beginning tells.
        known_by = self._known.get(found.identity)
        return known_by is not None and has_fingerprint(found.path, known_by)


def _identity(stat: os.stat_result) -> Identity:
    return stat.st_dev, stat.st_ino


def _letters(name: str) -> str:
    """Leave out digits and punctuation, and what else is within a time."""
    return re.sub(r"[\W\d_]+|(?<=\d)[TZ]", "", name)
