"""Free loopback ports for servers."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

LOOPBACK = "127.0.0.1"

_LOWEST, _HIGHEST = 20_000, 32_000
"""Below the ports that Linux (32768 up) and macOS (49152 up) give to outgoing connections.

A client that keeps trying to reach a stopped server from that range can connect to itself, and
then holds the very port that the server needs in order to come back.
"""


def free_ports(count: int, rng: random.Random) -> tuple[int, ...]:
    """Find ports that nobody listens on.

    Another process may take one before it is used: whoever uses them tries again with others.

    Parameters
    ----------
    count : int
        How many, at least 1.
    rng : random.Random
        Where to begin looking; two processes should not begin at the same place.

    Returns
    -------
    tuple[int, ...]
        Different ports.

    Examples
    --------
    >>> len(set(free_ports(3, random.Random(1))))
    3
    """
    candidates = _candidates(rng)
    found: list[int] = []
    while len(found) < count:
        port = next(candidates)
        if _is_free(port):
            found.append(port)
    return tuple(found)


def _candidates(rng: random.Random) -> Iterator[int]:
    first = rng.randrange(_LOWEST, _HIGHEST)
    yield from range(first, _HIGHEST)
    yield from range(_LOWEST, first)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Say whether somebody accepts connections on a loopback port.

    Parameters
    ----------
    port : int
        The port, 1-65535.

    Returns
    -------
    bool
        True when a connection was accepted within a second.
    """
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0
