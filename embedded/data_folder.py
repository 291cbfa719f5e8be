"""The folder that one stack keeps its data and logs in."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streamscore.errors import StackError

_LOGS: Final = "logs"


class DataFolder:
    """A folder, and what of it goes away at the end.

    Parameters
    ----------
    path : Path
        The folder.
    parts : tuple[str, ...]
        Names of the folders that this run makes below it.
    keep : bool
        Whether they stay.
    """

    def __init__(self, path: Path, parts: tuple[str, ...], *, keep: bool) -> None:
        self.path = path
        self._made = () if keep else tuple(p for p in parts if not (path / p).exists())

    def part(self, name: str) -> Path:
        """Path of a part, which need not exist yet."""
        return self.path / name

    def to_remove(self, name: str) -> Path | None:
        """Path of a part if it goes away at the end, otherwise None."""
        return self.path / name if name in self._made else None

    def log_path(self, service: str) -> Path:
        """Where a service logs; the folder exists."""
        folder = self.path / _LOGS
        folder.mkdir(exist_ok=True)
        return folder / f"{service}.log"

    def remove(self, *, but_logs: bool) -> None:
        """Delete what this run made.

        Parameters
        ----------
        but_logs : bool
            Whether the logs stay, because somebody will want to read them.
        """
        for name in self._made:
            if not (but_logs and name == _LOGS):
                shutil.rmtree(self.path / name, ignore_errors=True)


@contextlib.contextmanager
def data_folder(chosen: Path | None, parts: tuple[str, ...], *, keep: bool) -> Iterator[DataFolder]:
    """Hold a folder for one stack alone.

    Parameters
    ----------
    chosen : Path or None
        The user's folder, made when absent; a temporary one unless given.
    parts : tuple[str, ...]
        Names of the folders to be made below it, beside ``logs``.
    keep : bool
        Whether they stay at the end. What was there before always stays, and so do the logs when
        the block fails.

    Yields
    ------
    DataFolder
        The folder, locked against other stacks.

    Raises
    ------
    StackError
        Another stack uses the folder, or it cannot be made.
    """
    is_new = chosen is None or not chosen.exists()
    try:
        path = chosen.absolute() if chosen else Path(tempfile.mkdtemp(prefix="streamscore-"))
        path.mkdir(parents=True, exist_ok=True)
        lock_path = path / ".lock"
        lock = lock_path.open("w")
    except OSError as error:
        raise StackError(f"the data of the stack cannot be kept in {chosen}: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"another stack is running in {path}; end it, or choose another folder "
                "(embedded.data_dir)"
            ) from None
        folder = DataFolder(path, (*parts, _LOGS), keep=keep)
        failed = True
        try:
            yield folder
            failed = False
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            failed = False
            raise
        finally:
            folder.remove(but_logs=failed)
            if is_new and [*path.glob("*")] in ([], [lock_path]):
                shutil.rmtree(path, ignore_errors=True)
