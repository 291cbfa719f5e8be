"""What settings must satisfy together, beyond the bounds of each."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from streamscore.settings.sections import Kafka, Mlflow, Scorer, Settings, Topics

TOPIC_CHARACTERS = re.compile(r"[A-Za-z0-9._-]{0,100}")
"""Kafka allows these in a topic's name, and 249 of them; the rest is left for kind and source."""

_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/,@]+):(\d{1,5})")


def broken_rules(settings: Settings) -> list[str]:
    """Return one sentence for every rule that the settings break together."""
    return [
        *_servers(settings.kafka),
        *_authentication(settings.kafka),
        *_encryption(settings.kafka),
        *_registry(settings.mlflow),
        *_names(settings.topics, settings.scorer),
    ]


def _servers(kafka: Kafka) -> list[str]:
    matches = [_SERVER.fullmatch(part.strip()) for part in kafka.bootstrap_servers.split(",")]
    if all(match and 0 < int(match[2]) < 65_536 for match in matches):
        return []
    rule = "kafka.bootstrap_servers must be host:port, or several separated by commas"
    return [f"{rule}; received {kafka.bootstrap_servers!r}."]


def _authentication(kafka: Kafka) -> list[str]:
    given = {
        "kafka.sasl_mechanism": bool(kafka.sasl_mechanism),
        "kafka.sasl_username": bool(kafka.sasl_username),
        "kafka.sasl_password": bool(kafka.sasl_password),
    }
    if kafka.security_protocol.startswith("SASL"):
        return [
            f"{name} must be set when kafka.security_protocol is {kafka.security_protocol!r}; "
            "received nothing."
            for name, is_given in given.items()
            if not is_given
        ]
    return [
        f"{name} must be left out unless kafka.security_protocol is SASL_SSL or SASL_PLAINTEXT; "
        f"received it with {kafka.security_protocol!r}."
        for name, is_given in given.items()
        if is_given
    ]


def _encryption(kafka: Kafka) -> list[str]:
    given = {
        "kafka.ssl_ca_file": bool(kafka.ssl_ca_file),
        "kafka.ssl_certificate_file": bool(kafka.ssl_certificate_file),
        "kafka.ssl_key_file": bool(kafka.ssl_key_file),
        "kafka.ssl_key_password": bool(kafka.ssl_key_password),
        "kafka.ssl_check_hostname = false": not kafka.ssl_check_hostname,
    }
    if "SSL" not in kafka.security_protocol.split("_"):
        return [
            f"{name} must be left out unless kafka.security_protocol is SSL or SASL_SSL; "
            f"received it with {kafka.security_protocol!r}."
            for name, is_given in given.items()
            if is_given
        ]
    faults = []
    if bool(kafka.ssl_certificate_file) != bool(kafka.ssl_key_file):
        faults.append(
            "kafka.ssl_certificate_file and kafka.ssl_key_file must be set together; received "
            f"{kafka.ssl_certificate_file!r} and {kafka.ssl_key_file!r}."
        )
    if kafka.ssl_key_password and not kafka.ssl_key_file:
        faults.append("kafka.ssl_key_password must come with kafka.ssl_key_file; received no file.")
    return faults


def _registry(mlflow: Mlflow) -> list[str]:
    try:
        address = urlsplit(mlflow.tracking_uri)
        credentials = address.username is not None or address.password is not None
        usable = address.scheme in {"http", "https"} and bool(address.hostname)
        usable = usable and address.port != 0
    except ValueError:
        credentials, usable = "@" in mlflow.tracking_uri, False
    if credentials or (not usable and "@" in mlflow.tracking_uri):
        advice = "put them in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
        return [f"mlflow.tracking_uri must hold no user name or password; {advice}"]
    if not usable:
        rule = "mlflow.tracking_uri must be the http:// or https:// address of an MLflow server"
        return [f"{rule}; received {mlflow.tracking_uri!r}."]
    return []


def _names(topics: Topics, scorer: Scorer) -> list[str]:
    faults = []
    if not TOPIC_CHARACTERS.fullmatch(topics.prefix):
        faults.append(
            "topics.prefix must be at most 100 letters, digits, dots, underscores and hyphens; "
            f"received {topics.prefix!r}."
        )
    if not scorer.group or not TOPIC_CHARACTERS.fullmatch(scorer.group):
        faults.append(
            "scorer.group must be 1 to 100 letters, digits, dots, underscores and hyphens; "
            f"received {scorer.group!r}."
        )
    return faults
