"""The demo: a stack, history, a model, the scorer, and a replay that it alerts on."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from adapters.topic_admin import TopicAdmin, TopicDescription, ensure_topics
from embedded.demo_data import DemoData, make_data
from embedded.demo_plan import DemoPlan
from embedded.demo_replay import Replaying
from embedded.demo_summary import Summary
from embedded.demo_training import Outcome, Training
from embedded.demo_view import DemoView
from embedded.ports import free_ports
from embedded.services import (
    LOGS,
    Addresses,
    ScorerService,
    addresses_of,
    service_environment,
    write_settings,
)
from embedded.stack import Stack
from streamscore.settings import Settings, load_settings

_READY_SECONDS = 120.0
_FILES = "demo"  # the folder of the records, beside those of Kafka and MLflow


class Shown(msgspec.Struct, frozen=True):
    """A demo that has been shown and is still up: its summary, and what raises when it breaks."""

    summary: Summary
    addresses: Addresses
    check: Callable[[], None]


@contextlib.contextmanager
def demo(plan: DemoPlan, environ: Mapping[str, str], view: DemoView) -> Iterator[Shown]:
    """Show everything once; the stack stays up for as long as the block.

    Parameters
    ----------
    plan : DemoPlan
        What to show.
    environ : Mapping[str, str]
        The environment of this process.
    view : DemoView
        Where it is shown.

    Yields
    ------
    Shown
        What happened.

    Raises
    ------
    UsageError
        When the plan breaks a rule.
    StreamscoreError
        When a part fails; the message names its log.
    """
    plan.check()
    with _demo_folder(plan.keep) as folder, contextlib.ExitStack() as ending:
        ending.callback(view.ending)
        with view:
            shown = _shown(plan, environ, view, folder, ending)
        yield shown


def _shown(
    plan: DemoPlan,
    environ: Mapping[str, str],
    view: DemoView,
    folder: Path,
    ending: contextlib.ExitStack,
) -> Shown:
    """Show everything; what is started is ended with `ending`."""
    data = _made(plan, folder / _FILES, view)
    training = Training(data, plan.seed, folder, environ, folder / LOGS / "training.log")
    ending.enter_context(training.running())
    view.began("model", "fitting a model")
    view.began("stack", "starting Kafka and MLflow")
    stack = ending.enter_context(Stack(environ, data_dir=folder, keep=plan.keep is not None))
    view.done("stack", f"Kafka at {stack.bootstrap_servers}, MLflow at {stack.tracking_uri}")
    scorer, settings, topics = _launched(stack, data, environ)
    ending.enter_context(scorer.running())
    outcome = _trained(training, stack, scorer, view)
    view.began("scorer", "the scorer takes the model over")
    scorer.wait_ready(_READY_SECONDS)
    view.done("scorer", f"scorer at {scorer.address} scores with version {outcome.version}")
    replaying = Replaying(plan, data, settings, topics, scorer, view)
    addresses = addresses_of(stack, scorer)
    summary = replaying.run(folder / _FILES / "rejects.jsonl", outcome, addresses)

    def check() -> None:
        stack.check()
        scorer.check()

    return Shown(summary, addresses, check)


@contextlib.contextmanager
def _demo_folder(keep: Path | None) -> Iterator[Path]:
    """Hold the folder of a demo; its logs stay when the block fails, all of it where wanted."""
    folder = keep.absolute() if keep else Path(tempfile.mkdtemp(prefix="streamscore-demo-"))
    for part in (_FILES, LOGS):
        (folder / part).mkdir(parents=True)
    failed = True
    try:
        yield folder
        failed = False
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        failed = False
        raise
    finally:
        if keep is None and failed:
            shutil.rmtree(folder / _FILES, ignore_errors=True)
        elif keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _made(plan: DemoPlan, folder: Path, view: DemoView) -> DemoData:
    view.began("data", "making history" if plan.data is None else f"reading {plan.data}")
    data = make_data(plan, folder)
    view.done(
        "data",
        f"{data.source.title or data.source.name}: {data.history_rows:,} records of history, "
        f"{data.live_rows:,} to replay ({data.origin})",
    )
    return data


def _launched(
    stack: Stack, data: DemoData, environ: Mapping[str, str]
) -> tuple[ScorerService, Settings, Mapping[str, TopicDescription]]:
    (port,) = free_ports(1, random.SystemRandom())
    settings_file = write_settings(stack, port)
    settings = load_settings(settings_file.read_text("utf-8"), {}, {})
    with TopicAdmin(settings.kafka) as admin:
        topics = ensure_topics(admin, settings, data.source)
    scorer = ScorerService(
        settings_file,
        [data.source_name],
        port,
        environment=service_environment(stack, environ),
        log_path=stack.folder / LOGS / "scorer.log",
    )
    return scorer, settings, topics


def _trained(training: Training, stack: Stack, scorer: ScorerService, view: DemoView) -> Outcome:
    def look(doing: str) -> None:
        view.began("model", doing)
        stack.check()
        scorer.check()

    outcome = training.wait(look)
    view.done(
        "model",
        f"model version {outcome.version} in production, fit on {outcome.fit_records:,} records; "
        f"flags {outcome.realised_flag_rate:.1%} of held-out ones",
    )
    return outcome
