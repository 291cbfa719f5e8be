"""A broker of somebody else's: a listener for its owner, and one for users with few rights."""

import random
from collections.abc import Iterable, Sequence

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # they are documented
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from embedded.kafka import Kafka
from embedded.ports import LOOPBACK, free_ports
from streamscore import settings
from streamscore.acls import Acl

USERS = ("scorer", "producer", "trainer", "operator", "checker")
_PASSWORD = "of-the-tests"
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_PATTERNS = {
    "literal": ResourcePatternType.LITERAL,
    "prefixed": ResourcePatternType.PREFIXED,
}


class GuardedKafka(Kafka):
    """A broker that asks for a password and knows rights, but of its owner.

    Whoever comes by `bootstrap_servers` is the owner, who may do everything.
    """

    _guarded_port = 0

    def properties(self) -> dict[str, str]:
        if not self._guarded_port:
            (self._guarded_port,) = free_ports(1, random.SystemRandom())
        own = super().properties()
        address = f"GUARDED://{LOOPBACK}:{self._guarded_port}"
        known = " ".join(f'user_{user}="{_PASSWORD}"' for user in USERS)
        return own | {
            "listeners": f"{own['listeners']},{address}",
            "advertised.listeners": f"{own['advertised.listeners']},{address}",
            "listener.security.protocol.map": (
                f"{own['listener.security.protocol.map']},GUARDED:SASL_PLAINTEXT"
            ),
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.guarded.plain.sasl.jaas.config": f"{_LOGIN} {known};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def section(self, user: str) -> settings.Kafka:
        """Settings with which a user connects."""
        return settings.Kafka(
            bootstrap_servers=f"{LOOPBACK}:{self._guarded_port}",
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_username=user,
            sasl_password=_PASSWORD,
        )

    def grant(self, acls: Iterable[Acl], services: Sequence[str] = USERS) -> None:
        """Give services their rights, and no others."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 2})
        bindings = [_binding(acl) for acl in acls if acl.service in services]
        for future in admin.create_acls(bindings).values():
            future.result()


def _binding(acl: Acl) -> AclBinding:
    return AclBinding(
        _RESOURCES[acl.resource],
        acl.name,
        _PATTERNS[acl.pattern],
        f"User:{acl.service}",
        "*",
        AclOperation[acl.operation.upper()],
        AclPermissionType.ALLOW,
    )
