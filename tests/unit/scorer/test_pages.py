"""The pages: live streams decide what `/ready` answers, runs are shown beside them."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from adapters.exposition import Exposition
from scorer.health import Watch
from scorer.pages import add_pages
from scorer.run_scoring import RunHealth
from tests.unit.scorer.test_health import Working

FAILING = RunHealth(
    source="x",
    run="june",
    status="failing",
    why="no topic",
    model_version="3",
    partitions=[],
    waiting_records=0,
    failures=2,
)


class Web:
    """An application that keeps its pages, and a view that answers what it is given."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}

    def page(self, path: str) -> Callable[[Any], Any]:
        """Keep the page of a path."""

        def keep(page: Any) -> Any:
            self.pages[path] = page
            return page

        return keep

    def bytes(self, body: bytes, content_type: str, status: int = 200) -> tuple[int, bytes]:
        """Answer."""
        return status, body

    def ask(self, path: str) -> tuple[int, Any]:
        """Return status and body of a page."""
        status, body = asyncio.run(self.pages[path](self, None))
        return status, body if path == "/metrics" else msgspec.json.decode(body)


def pages_of(version: str | None) -> Web:
    watch = Watch("scoring.x", Working(), lambda: version, lambda: "a model", 60.0, lambda: 100.0)
    web: Any = Web()
    add_pages(web, [watch], lambda: [FAILING], Exposition())
    return web  # type: ignore[no-any-return]


def test_a_run_that_fails_is_shown_and_makes_no_worker_unready() -> None:
    web = pages_of("3")
    alive = {"status": "alive", "paused": {}, "runs": [msgspec.to_builtins(FAILING)]}
    assert web.ask("/health") == (200, alive)
    status, answer = web.ask("/ready")
    assert (status, answer["ready"]) == (200, True)
    assert answer["runs"][0]["why"] == "no topic"


def test_a_live_stream_that_waits_makes_a_worker_unready() -> None:
    web = pages_of(None)
    status, answer = web.ask("/ready")
    assert (status, answer["ready"]) == (503, False)
    status, body = web.ask("/metrics")
    assert status == 200
    assert b'streamscore_ready{processor="scoring.x"} 0.0' in body
