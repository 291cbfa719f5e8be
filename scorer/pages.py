"""The worker's pages: `/health`, `/ready` and `/metrics`."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from faust.app.base import App
from faust.web import Request, Response, View

from adapters.exposition import Exposition
from scorer.health import ProcessorHealth, Watch
from scorer.run_scoring import RunHealth


def add_pages(
    app: App,
    watches: Sequence[Watch],
    runs: Callable[[], Sequence[RunHealth]],
    exposition: Exposition,
) -> None:
    """Add the pages to the application.

    `/health` answers 200 while the process works: a processor that dies ends it. It names those
    that pause. `/ready` answers 200 when every processor of a live stream is ready and 503
    otherwise, and says why. Runs are shown on both and decide neither.
    """

    def judged() -> list[ProcessorHealth]:
        found = [watch.health() for watch in watches]
        for one in found:
            for name, value in (
                ("streamscore_ready", one.ready),
                ("streamscore_paused", one.paused),
            ):
                exposition.gauge(name, processor=one.processor).set(float(value))
        return found

    @app.page("/health")
    async def health(web: View, _request: Request) -> Response:
        paused = {one.processor: one.why for one in judged() if one.paused}
        return _json(web, {"status": "alive", "paused": paused, "runs": runs()})

    @app.page("/ready")
    async def ready(web: View, _request: Request) -> Response:
        found = judged()
        is_ready = all(one.ready for one in found)
        answer = {"ready": is_ready, "processors": found, "runs": runs()}
        return _json(web, answer, 200 if is_ready else 503)

    @app.page("/metrics")
    async def metrics(web: View, _request: Request) -> Response:
        judged()
        body, content_type = exposition.render()
        return web.bytes(body, content_type=content_type.split(";")[0])


def _json(web: View, answer: Any, status: int = 200) -> Response:
    body = msgspec.json.encode(answer)
    return web.bytes(body, content_type="application/json", status=status)
