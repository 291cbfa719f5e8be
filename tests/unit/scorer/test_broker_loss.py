"""When a fence is one's own doing."""

from confluent_kafka import KafkaError

from scorer.broker_loss import BrokerLoss

LOST = KafkaError(KafkaError._ALL_BROKERS_DOWN)


def test_a_fence_long_after_a_loss_is_another_worker() -> None:
    now = [0.0]
    loss = BrokerLoss(lambda: now[0])
    loss.learn(LOST)
    now[0] = 121.0
    assert not loss.explains_a_fence()


def test_each_loss_excuses_one_fence() -> None:
    loss = BrokerLoss(lambda: 5.0)
    for _ in range(2):
        loss.learn(LOST)
        assert loss.explains_a_fence()
        assert not loss.explains_a_fence()


def test_a_single_broker_that_is_away_is_no_loss() -> None:
    loss = BrokerLoss(lambda: 5.0)
    loss.learn(KafkaError(KafkaError._TRANSPORT))
    assert not loss.explains_a_fence()
