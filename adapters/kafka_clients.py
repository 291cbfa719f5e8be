"""One settings section, translated for the three Kafka clients that are in use.

librdkafka (confluent-kafka) carries every record, kafka-python serves topics and history, and
Faust connects its agents through aiokafka.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import msgspec

from streamscore.errors import UsageError
from streamscore.settings import Kafka

if TYPE_CHECKING:
    from faust.types.auth import CredentialsT


def librdkafka_config(kafka: Kafka) -> dict[str, str]:
    """Return how confluent-kafka connects.

    Parameters
    ----------
    kafka : Kafka
        The checked settings section.

    Examples
    --------
    >>> librdkafka_config(Kafka())
    {'bootstrap.servers': '127.0.0.1:9092', 'security.protocol': 'PLAINTEXT'}
    """
    config = {
        "bootstrap.servers": ",".join(servers(kafka)),
        "security.protocol": kafka.security_protocol,
    }
    if _is_authenticated(kafka):
        config |= {
            "sasl.mechanism": kafka.sasl_mechanism,
            "sasl.username": kafka.sasl_username,
            "sasl.password": kafka.sasl_password,
        }
    if _is_encrypted(kafka):
        named = {
            # "probe" looks for the system's authorities where each system keeps them.
            "ssl.ca.location": kafka.ssl_ca_file or "probe",
            "ssl.certificate.location": kafka.ssl_certificate_file,
            "ssl.key.location": kafka.ssl_key_file,
            "ssl.key.password": kafka.ssl_key_password,
            "ssl.endpoint.identification.algorithm": (
                "https" if kafka.ssl_check_hostname else "none"
            ),
        }
        config |= {name: value for name, value in named.items() if value}
    return config


def kafka_python_config(kafka: Kafka) -> dict[str, Any]:
    """Return how kafka-python connects: keyword arguments of its clients.

    Raises
    ------
    UsageError
        When a certificate file cannot be read.
    """
    config: dict[str, Any] = {
        "bootstrap_servers": servers(kafka),
        "security_protocol": kafka.security_protocol,
    }
    if _is_authenticated(kafka):
        config |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            # It takes these two for SCRAM as well.
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password,
        }
    if _is_encrypted(kafka):
        config["ssl_context"] = ssl_context(kafka)
    return config


class FaustBroker(msgspec.Struct, frozen=True):
    """How a Faust application connects.

    Attributes
    ----------
    urls : list of str
        For ``faust.App(broker=...)``.
    credentials : faust credentials or None
        For ``faust.App(broker_credentials=...)``.
    """

    urls: list[str]
    credentials: Any


def faust_broker(kafka: Kafka) -> FaustBroker:
    """Return how Faust connects.

    Raises
    ------
    UsageError
        When a certificate file cannot be read.
    """
    return FaustBroker([f"kafka://{server}" for server in servers(kafka)], _credentials(kafka))


def _credentials(kafka: Kafka) -> CredentialsT | None:
    if not _is_authenticated(kafka) and not _is_encrypted(kafka):
        return None
    from faust.auth import SASLCredentials, SSLCredentials

    context = ssl_context(kafka) if _is_encrypted(kafka) else None
    if not _is_authenticated(kafka):
        return SSLCredentials(context=context)
    return SASLCredentials(
        mechanism=kafka.sasl_mechanism,
        username=kafka.sasl_username,
        password=kafka.sasl_password,
        ssl_context=context,
    )


def servers(kafka: Kafka) -> list[str]:
    """Return the bootstrap servers, one ``host:port`` each."""
    return [server.strip() for server in kafka.bootstrap_servers.split(",")]


def ssl_context(kafka: Kafka) -> ssl.SSLContext:
    """Return the TLS context of the clients that are written in Python.

    Parameters
    ----------
    kafka : Kafka
        The checked settings section, of an encrypted protocol.

    Raises
    ------
    UsageError
        When a certificate file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable("ssl_ca_file", kafka.ssl_ca_file, error) from error
    context.check_hostname = kafka.ssl_check_hostname
    if kafka.ssl_certificate_file:
        try:
            # Never None: OpenSSL would ask for the password on the terminal.
            context.load_cert_chain(
                kafka.ssl_certificate_file, kafka.ssl_key_file, kafka.ssl_key_password
            )
        except (OSError, ssl.SSLError) as error:
            files = f"{kafka.ssl_certificate_file}, {kafka.ssl_key_file}"
            raise _unreadable("ssl_certificate_file and ssl_key_file", files, error) from error
    return context


def _unreadable(names: str, files: str, error: OSError) -> UsageError:
    return UsageError(
        f"kafka.{names} must be readable PEM, with kafka.ssl_key_password where the key has one; "
        f"received {files}: {error}."
    )


def _is_encrypted(kafka: Kafka) -> bool:
    return kafka.security_protocol in {"SSL", "SASL_SSL"}


def _is_authenticated(kafka: Kafka) -> bool:
    return kafka.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}
