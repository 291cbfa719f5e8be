"""Where this user's programs keep what they can fetch again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def user_cache_dir(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the cache folder of this project, which need not exist yet.

    Parameters
    ----------
    environ : Mapping[str, str]
        The environment: ``XDG_CACHE_HOME`` decides, otherwise the platform's folder in ``HOME``.
    platform : str
        As `sys.platform` has it.

    Examples
    --------
    >>> user_cache_dir({"HOME": "/home/ann"}, "linux").as_posix()
    '/home/ann/.cache/streamscore'
    >>> user_cache_dir({"HOME": "/Users/ann"}, "darwin").as_posix()
    '/Users/ann/Library/Caches/streamscore'
    >>> user_cache_dir({"HOME": "/home/ann", "XDG_CACHE_HOME": "/big"}, "linux").as_posix()
    '/big/streamscore'
    """
    if chosen := environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "streamscore"
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    folder = "Library/Caches" if platform == "darwin" else ".cache"
    return home / folder / "streamscore"
