"""Imports modules in a fresh process and prints, as JSON, what else happened.

Arguments: a JSON list of the project's packages, one of modules to import, and one of names that
these take from libraries. The names' modules are imported before anything is watched, so that what
a library does is not held against its user.
"""

import importlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

own_packages: set[str] = set()
read: set[str] = set()
refused: list[str] = []


def note(what: str) -> None:
    """Remember a use of the environment, if it is the project's own code that makes it."""
    caller = str(sys._getframe(2).f_globals.get("__name__"))
    if caller.partition(".")[0] in own_packages:
        read.add(f"{what} by {caller}")


class Watched(dict[str, str]):
    def __getitem__(self, key: str) -> str:
        note(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        note(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        note(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        note("each of it")
        return super().__iter__()

    def keys(self) -> Any:
        note("all of it")
        return super().keys()


def refuse(what: str) -> Callable[..., None]:
    def refusal(*_: object, **__: object) -> None:
        refused.append(what)
        raise OSError(what)

    return refusal


def import_module_of(name: str) -> None:
    """Import the module that a name is, or is in."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        parent = name.rpartition(".")[0]
        if not parent:
            raise
        import_module_of(parent)


def probe(names: list[str], libraries: list[str]) -> dict[str, list[str]]:
    for library in libraries:
        import_module_of(library)
    threads = threading.active_count()
    watched = Watched(os.environ)
    for attribute, watching in {"environ": watched, "getenv": watched.get}.items():
        setattr(os, attribute, watching)
    socket.socket.connect = refuse("a connection")  # type: ignore[method-assign]
    subprocess.Popen.__init__ = refuse("a process")  # type: ignore[method-assign]
    for name in names:
        importlib.import_module(name)
    return {
        "environment": sorted(read),
        "refused": refused,
        "threads": [thread.name for thread in threading.enumerate()][threads:],
        "loaded": sorted({module.partition(".")[0] for module in sys.modules}),
    }


if __name__ == "__main__":
    packages, modules, libraries = (json.loads(argument) for argument in sys.argv[1:])
    own_packages.update(packages)
    sys.stdout.write(json.dumps(probe(modules, libraries)))
