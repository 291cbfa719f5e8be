import random
import socket

from embedded.ports import LOOPBACK, answers, free_ports


def test_a_port_that_is_taken_is_passed_over() -> None:
    (first,) = free_ports(1, random.Random(7))
    with socket.socket() as server:
        server.bind((LOOPBACK, first))
        server.listen()
        assert free_ports(1, random.Random(7)) != (first,)


def test_ports_lie_below_those_of_outgoing_connections() -> None:
    for seed in range(20):
        assert all(20_000 <= port < 32_000 for port in free_ports(2, random.Random(seed)))


def test_a_port_answers_while_somebody_listens() -> None:
    (port,) = free_ports(1, random.Random())
    assert not answers(port)
    with socket.socket() as server:
        server.bind((LOOPBACK, port))
        server.listen()
        assert answers(port)
