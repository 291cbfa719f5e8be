"""One settings section, as each of the three clients wants it."""

import ssl
import subprocess
from pathlib import Path

import pytest
from confluent_kafka import Producer
from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import AuthProtocol, SASLMechanism
from kafka.admin import KafkaAdminClient

from adapters.kafka_clients import faust_broker, kafka_python_config, librdkafka_config
from streamscore.errors import UsageError
from streamscore.settings import Kafka


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate that signs itself, its key, and the key's password."""
    folder = tmp_path_factory.mktemp("pem")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=localhost"]
    command += ["-passout", "pass:secret", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return {"key": str(key), "certificate": str(certificate)}


def scram(**more: object) -> Kafka:
    given: dict[str, object] = {
        "bootstrap_servers": "one:1, two:2",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": "ann",
        "sasl_password": "hush",
    }
    return Kafka(**{**given, **more})  # type: ignore[arg-type]  # a table of mixed settings


def test_plain_text_needs_addresses_alone() -> None:
    kafka = Kafka(bootstrap_servers="one:1, two:2")
    assert librdkafka_config(kafka) == {
        "bootstrap.servers": "one:1,two:2",
        "security.protocol": "PLAINTEXT",
    }
    assert kafka_python_config(kafka) == {
        "bootstrap_servers": ["one:1", "two:2"],
        "security_protocol": "PLAINTEXT",
    }
    assert faust_broker(kafka).urls == ["kafka://one:1", "kafka://two:2"]
    assert faust_broker(kafka).credentials is None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_user_is_proved_by_the_same_mechanism_everywhere(mechanism: str) -> None:
    kafka = scram(security_protocol="SASL_PLAINTEXT", sasl_mechanism=mechanism)
    assert librdkafka_config(kafka) == {
        "bootstrap.servers": "one:1,two:2",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.username": "ann",
        "sasl.password": "hush",
    }
    assert kafka_python_config(kafka) == {
        "bootstrap_servers": ["one:1", "two:2"],
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "ann",
        "sasl_plain_password": "hush",
    }
    credentials = faust_broker(kafka).credentials
    assert isinstance(credentials, SASLCredentials)
    assert credentials.protocol is AuthProtocol.SASL_PLAINTEXT
    assert credentials.mechanism is SASLMechanism(mechanism)
    assert (credentials.username, credentials.password) == ("ann", "hush")


def test_tls_checks_the_broker_and_shows_the_clients_certificate(pem: dict[str, str]) -> None:
    kafka = Kafka(
        security_protocol="SSL",
        ssl_ca_file=pem["certificate"],
        ssl_certificate_file=pem["certificate"],
        ssl_key_file=pem["key"],
        ssl_key_password="secret",
    )
    assert librdkafka_config(kafka) == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SSL",
        "ssl.ca.location": pem["certificate"],
        "ssl.certificate.location": pem["certificate"],
        "ssl.key.location": pem["key"],
        "ssl.key.password": "secret",
        "ssl.endpoint.identification.algorithm": "https",
    }
    context = kafka_python_config(kafka)["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1
    assert isinstance(faust_broker(kafka).credentials, SSLCredentials)


def test_a_host_name_may_go_unchecked_while_the_certificate_is_not() -> None:
    kafka = scram(security_protocol="SASL_SSL", ssl_check_hostname=False)
    config = librdkafka_config(kafka)
    assert config["ssl.endpoint.identification.algorithm"] == "none"
    assert config["ssl.ca.location"] == "probe"
    context = kafka_python_config(kafka)["ssl_context"]
    assert not context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    credentials = faust_broker(kafka).credentials
    assert isinstance(credentials, SASLCredentials)
    assert credentials.protocol is AuthProtocol.SASL_SSL
    assert credentials.ssl_context is not None
    assert not credentials.ssl_context.check_hostname


def test_the_clients_know_every_name_they_are_given(pem: dict[str, str]) -> None:
    kafka = scram(
        security_protocol="SASL_SSL",
        ssl_ca_file=pem["certificate"],
        ssl_certificate_file=pem["certificate"],
        ssl_key_file=pem["key"],
        ssl_key_password="secret",
    )
    # librdkafka reads the files and refuses an unknown name when the client is made.
    Producer({**librdkafka_config(kafka), "log_level": "0"})
    assert set(kafka_python_config(kafka)) <= set(KafkaAdminClient.DEFAULT_CONFIG)


def test_files_that_cannot_be_read_are_named(pem: dict[str, str], tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    authority = Kafka(security_protocol="SSL", ssl_ca_file=missing)
    with pytest.raises(UsageError, match=r"kafka\.ssl_ca_file must be readable PEM.*missing\.pem"):
        kafka_python_config(authority)
    wrong = Kafka(
        security_protocol="SSL",
        ssl_certificate_file=pem["certificate"],
        ssl_key_file=pem["key"],
        ssl_key_password="wrong",
    )
    with pytest.raises(UsageError, match=r"ssl_key_file must be readable PEM") as caught:
        faust_broker(wrong)
    assert "wrong" not in str(caught.value)
