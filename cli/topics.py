"""``streamscore topics``: create what is missing, check what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import invocation_of, print_json, print_table

if TYPE_CHECKING:
    from adapters.topic_check import TopicCheck

SourceNames = Annotated[
    list[str], typer.Option("--source", help="A source's name or TOML file; may repeat.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add ``streamscore topics``."""
    group = typer.Typer(no_args_is_help=True)
    group.command()(create)
    group.command()(check)
    app.add_typer(
        group, name="topics", help="Create and check the Kafka topics.", rich_help_panel="Operate"
    )


def create(context: typer.Context, source: SourceNames, json: Json = False) -> None:
    """Create the topics of sources that are missing. Nothing that exists is altered."""
    import msgspec

    from adapters.topic_admin import TopicAdmin, ensure_topics
    from streamscore.sources import load_source

    settings = invocation_of(context).settings(topics__create="true")
    with TopicAdmin(settings.kafka) as admin:
        found = [ensure_topics(admin, settings, load_source(name)) for name in source]
    topics = {topic.name: topic for kinds in found for topic in kinds.values()}
    if json:
        print_json([msgspec.structs.asdict(topic) for topic in topics.values()])
        return
    print_table(
        ("TOPIC", "PARTITIONS", "REPLICAS", "ID"),
        [
            (topic.name, str(topic.partitions), str(topic.replication_factor), topic.topic_id)
            for topic in topics.values()
        ],
    )


def check(context: typer.Context, source: SourceNames, json: Json = False) -> None:
    """Compare the topics of sources with what they should be, and list the rights needed.

    Exit code 1 when a topic is missing or breaks a promise. Needs no right to create: Describe and
    DescribeConfigs on the topics are enough, and what may not be seen is said to be so.
    """
    from adapters.topic_admin import TopicAdmin, plan_against
    from adapters.topic_check import check_topics
    from streamscore.acls import needed_acls, run_acls
    from streamscore.sources import load_source

    settings = invocation_of(context).settings()
    sources = [load_source(name) for name in source]
    with TopicAdmin(settings.kafka) as admin:
        found = [check for one in sources for check in check_topics(admin, settings, one)]
        plans = [plan for one in sources for plan in plan_against(admin, settings, one)]
    checks = list({check.name: check for check in found}.values())
    acls = sorted(
        {*needed_acls(settings, plans), *run_acls(settings, [one.name for one in sources])}
    )
    if json:
        print_json({"topics": checks, "acls": acls})
    else:
        print_table(("TOPIC", "STATE", "REMARK"), _lines(checks))
        print_table(
            ("SERVICE", "RIGHT", "ON", "NAME"),
            [
                (acl.service, acl.operation, f"{acl.pattern} {acl.resource}", acl.name)
                for acl in acls
            ],
        )
    if not all(check.is_usable or not check.is_in_the_way for check in checks):
        raise typer.Exit(1)


def _lines(checks: Sequence[TopicCheck]) -> list[tuple[str, str, str]]:
    lines = []
    for check in checks:
        state = "usable" if check.is_usable else "broken" if check.exists else "missing"
        state = "hidden" if check.is_hidden else state
        remarks = ["scoring does without it"] if not (check.exists or check.is_in_the_way) else []
        remarks += [*check.faults, *(f"({difference})" for difference in check.differences)]
        lines.append((check.name, state, remarks[0] if remarks else ""))
        lines += [("", "", remark) for remark in remarks[1:]]
    return lines
