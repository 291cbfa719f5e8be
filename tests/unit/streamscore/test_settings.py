"""Settings: precedence, provenance, every fault at once, secrets never shown."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.errors import SettingsError
from streamscore.settings import Kafka, Settings, describe, load_settings
from streamscore.settings.table import entries

SECRETS = [entry.name for entry in entries().values() if entry.secret]


def faults(
    file_text: str | None = None,
    environ: dict[str, str] | None = None,
    overrides: dict[str, str] | None = None,
) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(file_text, environ or {}, overrides or {})
    return caught.value.faults


def test_nothing_given_is_every_default() -> None:
    assert load_settings(None, {}, {}) == Settings()


def test_flags_go_over_the_environment_over_the_file() -> None:
    text = "[scorer]\npoll_ms = 2\nbatch_records = 10\ncheckpoint_records = 20\n"
    environ = {
        "STREAMSCORE_SCORER_BATCH_RECORDS": "11",
        "STREAMSCORE_SCORER_CHECKPOINT_RECORDS": "21",
    }
    settings = load_settings(text, environ, {"scorer.checkpoint_records": "22"})
    scorer = settings.scorer
    assert (scorer.poll_ms, scorer.batch_records, scorer.checkpoint_records) == (2, 11, 22)
    assert settings.origins == {
        "scorer.poll_ms": "file",
        "scorer.batch_records": "environment",
        "scorer.checkpoint_records": "flag",
    }


def test_every_setting_can_be_given_as_text_and_comes_back_as_it_was() -> None:
    given = {
        entry.name: entry.default if isinstance(entry.default, str) else entry.shown(entry.default)
        for entry in entries().values()
    }
    settings = load_settings(None, {}, given)
    assert msgspec.structs.replace(settings, origins={}) == Settings()
    assert set(settings.origins.values()) == {"flag"}


def test_all_faults_are_reported_together() -> None:
    found = faults(
        "[scorer]\npoll_ms = 0\n[worker]\nslot = 'one'\n[scorrer]\nx = 1\n",
        {"STREAMSCORE_WORKER_SLOTT": "1"},
        {"kafka.bootstrap_server": "x", "mlflow.timeout_seconds": "nan"},
    )
    assert found == (
        "[scorrer] must be a known setting; received it from the file: did you mean [scorer]?",
        (
            "STREAMSCORE_WORKER_SLOTT must be a known setting; received it from the environment: "
            "did you mean STREAMSCORE_WORKER_SLOT?"
        ),
        (
            "kafka.bootstrap_server must be a known setting; received it from the flag: "
            "did you mean kafka.bootstrap_servers?"
        ),
        "scorer.poll_ms must be an integer from 1 to 1000; received 0 (file).",
        'worker.slot must be an integer from 0 to 9999; received "one" (file).',
        'mlflow.timeout_seconds must be a number from 0.1 to 600; received "nan" (flag).',
    )


@pytest.mark.parametrize("text", ["[kafka", "a = 1 = 2", "\x00"])
def test_a_file_that_is_no_toml_is_a_fault(text: str) -> None:
    assert faults(text)[0].startswith("The settings file must be TOML; received text that is not:")


def test_a_section_that_is_a_value_is_a_fault() -> None:
    assert faults("kafka = 3") == ("kafka must be a section, written [kafka]; received 3.",)


def test_a_file_is_read_strictly_and_text_leniently() -> None:
    assert load_settings(None, {}, {"topics.create": "false"}).topics.create is False
    assert faults("[topics]\ncreate = 'false'") == (
        'topics.create must be true or false; received "false" (file).',
    )


def test_what_kubernetes_puts_into_the_environment_is_nobodys_setting() -> None:
    linked = {
        "STREAMSCORE_SERVICE_HOST": "10.0.0.1",
        "STREAMSCORE_SERVICE_PORT": "8090",
        "STREAMSCORE_WORKER_SERVICE_PORT_HTTP": "8090",
        "STREAMSCORE_WORKER_PORT": "tcp://10.0.0.1:8090",
        "STREAMSCORE_WORKER_PORT_8090_TCP": "tcp://10.0.0.1:8090",
        "STREAMSCORE_WORKER_PORT_8090_TCP_ADDR": "10.0.0.1",
    }
    assert load_settings(None, linked, {}) == Settings()
    assert faults(None, {"STREAMSCORE_WORKER_PORT_TYPO": "1"})


def test_no_secret_is_shown_in_a_representation_a_table_or_a_fault() -> None:
    secrets = {name: f"hush-{place}" for place, name in enumerate(SECRETS)}
    needed = {
        "kafka.security_protocol": "SASL_SSL",
        "kafka.sasl_mechanism": "PLAIN",
        "kafka.sasl_username": "ann",
        "kafka.ssl_key_file": "key.pem",
        "kafka.ssl_certificate_file": "certificate.pem",
    }
    settings = load_settings(None, {}, needed | secrets)
    shown = repr(settings) + str(settings) + repr(describe(settings))
    shown += "".join(faults("[kafka]\nsasl_password = ['hush']", {}, secrets))
    assert len(SECRETS) == 2
    assert "hush" not in shown
    assert settings.kafka.sasl_password == "hush-0"


@given(st.sampled_from(sorted(entries())), st.text(max_size=20))
def test_any_text_is_taken_or_refused_with_the_settings_name(name: str, text: str) -> None:
    try:
        settings = load_settings(None, {}, {name: text})
    except SettingsError as error:
        assert any(name in fault for fault in error.faults)  # noqa: PT017  # both ways are right
    else:
        assert settings.origins == {name: "flag"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"kafka.security_protocol": "SASL_SSL"}, "kafka.sasl_mechanism"),
        ({"kafka.sasl_username": "ann"}, "kafka.sasl_username"),
        ({"kafka.ssl_ca_file": "ca.pem"}, "kafka.ssl_ca_file"),
        ({"kafka.ssl_check_hostname": "false"}, "kafka.ssl_check_hostname"),
        ({"kafka.security_protocol": "SSL", "kafka.ssl_key_file": "k"}, "ssl_certificate_file"),
        ({"kafka.security_protocol": "SSL", "kafka.ssl_key_password": "p"}, "ssl_key_password"),
        ({"kafka.bootstrap_servers": "broker"}, "kafka.bootstrap_servers"),
        ({"kafka.bootstrap_servers": "broker:99999"}, "kafka.bootstrap_servers"),
        ({"kafka.bootstrap_servers": "a:1,,b:2"}, "kafka.bootstrap_servers"),
        ({"mlflow.tracking_uri": "sqlite:///x.db"}, "mlflow.tracking_uri"),
        ({"mlflow.tracking_uri": "http://"}, "mlflow.tracking_uri"),
        ({"mlflow.tracking_uri": "http://h:99999"}, "mlflow.tracking_uri"),
        ({"topics.prefix": "a/b"}, "topics.prefix"),
        ({"scorer.group": ""}, "scorer.group"),
    ],
)
def test_settings_that_contradict_each_other_are_faults(given: dict[str, str], name: str) -> None:
    assert any(name in fault for fault in faults(None, {}, given))


@pytest.mark.parametrize("servers", ["a:1", "a:1, b.example:9092", "[::1]:9092", "10.0.0.1:65535"])
def test_usual_lists_of_servers_are_taken(servers: str) -> None:
    settings = load_settings(None, {}, {"kafka.bootstrap_servers": servers})
    assert settings.kafka == Kafka(bootstrap_servers=servers)


@pytest.mark.parametrize("uri", ["http://ann:hush@host", "postgresql://ann:hush@host/db"])
def test_credentials_in_the_address_of_mlflow_are_refused_and_not_shown(uri: str) -> None:
    (fault,) = faults(None, {}, {"mlflow.tracking_uri": uri})
    assert "MLFLOW_TRACKING_PASSWORD" in fault
    assert "hush" not in fault


def test_every_setting_has_a_meaning_and_a_variable_of_its_own() -> None:
    found = entries().values()
    assert all(entry.meaning.endswith(".") for entry in found)
    assert len({entry.variable for entry in found}) == len(found)
    assert [row.name for row in describe(Settings())] == list(entries())
