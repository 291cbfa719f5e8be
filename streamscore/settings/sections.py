"""The one list of every setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MASK = "****"
"""What is shown in the place of a secret."""


def about(
    meaning: str,
    *,
    unit: str = "",
    ge: float | None = None,
    le: float | None = None,
    secret: bool = False,
) -> Meta:
    """Return the metadata of one setting: its meaning, unit, inclusive bounds and secrecy."""
    return Meta(description=meaning, ge=ge, le=le, extra={"unit": unit, "secret": secret})


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of settings; its representation never shows a secret."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        declared = msgspec.inspect.type_info(type(self))
        shown = []
        for field in declared.fields:  # type: ignore[attr-defined]  # a struct's has fields
            value = getattr(self, field.name)
            shown.append((field.name, MASK if is_secret(field) and value else value))
        return shown

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"


def is_secret(field: msgspec.inspect.Field) -> bool:
    """Tell whether the value of a section's field must not be shown."""
    extra = getattr(field.type, "extra", None) or {}
    return bool(extra.get("secret"))


class Kafka(Section, frozen=True, kw_only=True):
    """How every service reaches Kafka."""

    bootstrap_servers: Annotated[
        str, about("Brokers to connect to first, as host:port, separated by commas.")
    ] = "127.0.0.1:9092"
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        about("How connections are encrypted (SSL) and authenticated (SASL)."),
    ] = "PLAINTEXT"
    sasl_mechanism: Annotated[
        Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        about("How the user name is proved; needed with a SASL protocol."),
    ] = ""
    sasl_username: Annotated[str, about("User name, needed with a SASL protocol.")] = ""
    sasl_password: Annotated[str, about("Password of the user name.", secret=True)] = ""
    ssl_ca_file: Annotated[
        str, about("PEM file of the authorities to trust; empty trusts the system's.")
    ] = ""
    ssl_certificate_file: Annotated[
        str, about("PEM file of this client's certificate, where brokers ask for one.")
    ] = ""
    ssl_key_file: Annotated[str, about("PEM file of the certificate's private key.")] = ""
    ssl_key_password: Annotated[str, about("Password of the private key.", secret=True)] = ""
    ssl_check_hostname: Annotated[
        bool, about("Whether a broker's certificate must name the host that was connected to.")
    ] = True


class Mlflow(Section, frozen=True, kw_only=True):
    """How every service reaches the model registry.

    Credentials are MLflow's own environment variables: ``MLFLOW_TRACKING_USERNAME``,
    ``MLFLOW_TRACKING_PASSWORD``, ``MLFLOW_TRACKING_TOKEN``.
    """

    tracking_uri: Annotated[
        str, about("Address of the MLflow server, http:// or https://, without credentials.")
    ] = "http://127.0.0.1:5000"
    timeout_seconds: Annotated[
        float, about("How long an answer may take.", unit="s", ge=0.1, le=600)
    ] = 10.0
    fetch_timeout_seconds: Annotated[
        float, about("How long the download of a model may take.", unit="s", ge=1, le=3600)
    ] = 120.0
    cache_dir: Annotated[
        str, about("Where fetched models are kept; empty is the user's cache directory.")
    ] = ""


class Topics(Section, frozen=True, kw_only=True):
    """How topics are named and created."""

    prefix: Annotated[str, about("Put before the name of every topic, for instance `team1.`.")] = ""
    create: Annotated[
        bool, about("Whether services create the topics that are missing when they start.")
    ] = True
    replication_factor: Annotated[int, about("Copies of a created topic.", ge=1, le=32)] = 1
    records_partitions: Annotated[
        int,
        about("Partitions of created records, scores and state topics.", ge=1, le=10_000),
    ] = 1
    records_retention_bytes: Annotated[
        int,
        about("What a partition of a created records topic keeps; -1 keeps all.", unit="B", ge=-1),
    ] = 10 * 1024**3
    outputs_retention_hours: Annotated[
        int, about("How long created output topics keep events.", unit="h", ge=1, le=876_000)
    ] = 24 * 30


class Worker(Section, frozen=True, kw_only=True):
    """Which worker this is, and where its health and metrics pages are."""

    slot: Annotated[
        int,
        about(
            "Number of this worker, used by no other at the same time: who comes back with the "
            "same number ends what its predecessor left open.",
            ge=0,
            le=9_999,
        ),
    ] = 0
    bind: Annotated[str, about("Address that the pages listen on.")] = "127.0.0.1"
    port: Annotated[
        int, about("Port that the pages listen on; 0 takes any free one.", ge=0, le=65_535)
    ] = 8090


class Scorer(Section, frozen=True, kw_only=True):
    """How records are scored."""

    group: Annotated[str, about("Consumer group, and the start of every transactional id.")] = (
        "streamscore"
    )
    start: Annotated[
        Literal["earliest", "latest"], about("Where the very first start begins to read.")
    ] = "earliest"
    expired_offsets: Annotated[
        Literal["stop", "continue"],
        about(
            "What a worker does when the position it must go on from is gone: stop and say so, or "
            "go on with the oldest record that is left and count what was lost."
        ),
    ] = "stop"
    batch_records: Annotated[
        int, about("Most records in one transaction.", unit="records", ge=1, le=65_536)
    ] = 16384
    poll_ms: Annotated[
        int, about("How long a batch waits for more records.", unit="ms", ge=1, le=1_000)
    ] = 3
    checkpoint_records: Annotated[
        int,
        about(
            "Records of a partition after which its state is written.",
            unit="records",
            ge=1,
            le=1_000_000,
        ),
    ] = 1000
    checkpoint_seconds: Annotated[
        float,
        about("Time after which changed state is written.", unit="s", ge=0.1, le=3600),
    ] = 5.0
    transaction_timeout_ms: Annotated[
        int,
        about(
            "Time after which the broker aborts a dead worker's transaction; until then it "
            "blocks readers.",
            unit="ms",
            ge=1_000,
            le=900_000,
        ),
    ] = 10_000
    session_timeout_ms: Annotated[
        int,
        about(
            "Silence after which the group gives a worker's partitions to others.",
            unit="ms",
            ge=6_000,
            le=1_800_000,
        ),
    ] = 15_000
    model_poll_seconds: Annotated[
        float,
        about("How often MLflow is asked for the production version.", unit="s", ge=0.1, le=86_400),
    ] = 10.0
    stall_seconds: Annotated[
        float,
        about(
            "Time without progress, while records wait, after which a worker is not ready.",
            unit="s",
            ge=1,
            le=3600,
        ),
    ] = 60.0
    record_max_bytes: Annotated[
        int,
        about(
            "Largest record that is decoded; a larger one is dead-lettered.",
            unit="B",
            ge=1_000,
            le=100_000_000,
        ),
    ] = 1_000_000
    max_open_runs: Annotated[
        int,
        about(
            "Runs that may be open at once, of all sources; each has a model in memory.",
            ge=0,
            le=100,
        ),
    ] = 8

    pause_share: Annotated[
        float,
        about(
            "A worker pauses reading a source when more than this share of the latest "
            "`pause_records` records is bad; 1 never pauses.",
            ge=0.01,
            le=1,
        ),
    ] = 0.5
    pause_records: Annotated[
        int,
        about(
            "How many of the latest records that share is of.",
            unit="records",
            ge=10,
            le=1_000_000,
        ),
    ] = 1000
    pause_seconds: Annotated[
        float,
        about(
            "How long a pause lasts; `streamscore deadletters resume` ends it.",
            unit="s",
            ge=0.1,
            le=86_400,
        ),
    ] = 60.0


class Trainer(Section, frozen=True, kw_only=True):
    """How models are trained."""

    seed: Annotated[int, about("Seed of everything random in a training.", ge=0, le=2**32 - 1)] = 0
    history_records: Annotated[
        int,
        about(
            "Most records learned from; the latest are taken.",
            unit="records",
            ge=1_000,
            le=100_000_000,
        ),
    ] = 200_000
    compared_timeout_seconds: Annotated[
        float,
        about(
            "How long a detector that is compared, and not promoted, may take.",
            unit="s",
            ge=1,
            le=604_800,
        ),
    ] = 600.0
    compared_memory_bytes: Annotated[
        int,
        about(
            "Most memory that its process may take for data, where the system can hold it to that.",
            unit="B",
            ge=2**28,
            le=2**40,
        ),
    ] = 2**32


class Embedded(Section, frozen=True, kw_only=True):
    """The Kafka and MLflow that run on this machine."""

    data_dir: Annotated[
        str, about("Where their data and logs lie; empty takes a temporary directory.")
    ] = ""
    cache_dir: Annotated[
        str, about("Where downloaded jars are kept; empty is the user's cache directory.")
    ] = ""
    keep: Annotated[bool, about("Whether the data stays when the stack ends.")] = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every section, and where each value came from.

    Attributes
    ----------
    origins : Mapping[str, str]
        ``file``, ``environment`` or ``flag`` by ``section.name``; what is not in it is a default.

    Examples
    --------
    >>> Settings().scorer.batch_records
    16384
    >>> Kafka(sasl_password="hush").sasl_password in repr(Kafka(sasl_password="hush"))
    False
    """

    kafka: Kafka = Kafka()
    mlflow: Mlflow = Mlflow()
    topics: Topics = Topics()
    worker: Worker = Worker()
    scorer: Scorer = Scorer()
    trainer: Trainer = Trainer()
    embedded: Embedded = Embedded()
    origins: Mapping[str, str] = msgspec.field(default_factory=dict)
