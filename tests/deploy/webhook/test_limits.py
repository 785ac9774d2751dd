"""How often senders may call."""

from __future__ import annotations

from deploy.webhook.limits import ACCEPTED, ADDRESSES, REFUSED, Limits


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_turns_come_back_with_time() -> None:
    clock = Clock()
    limits = Limits(clock)
    assert [limits.accepted() for _ in range(ACCEPTED)] == [0] * ACCEPTED
    wait = limits.accepted()
    assert 0 < wait <= 60 / ACCEPTED
    clock.now += wait
    assert limits.accepted() == 0
    assert limits.accepted() > 0
    clock.now += 3600
    assert [limits.accepted() == 0 for _ in range(ACCEPTED + 1)].count(True) == ACCEPTED


def test_wrong_signatures_cost_nobody_else_a_turn() -> None:
    limits = Limits(Clock())
    assert [limits.refused("192.0.2.1") for _ in range(REFUSED)] == [0] * REFUSED
    assert limits.refused("192.0.2.1") > 0
    assert limits.refused("192.0.2.2") == 0
    assert limits.accepted() == 0


def test_many_addresses_take_no_more_memory() -> None:
    limits = Limits(Clock())
    while not limits.accepted():
        pass
    for number in range(ADDRESSES * 2):
        limits.refused(f"address {number}")
    assert len(limits._refused) == ADDRESSES
    assert limits.accepted() > 0, "nor do they give back a turn that was taken"
