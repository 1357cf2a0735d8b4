import asyncio
from collections.abc import Callable

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.live.service import MAX_LAG, LiveEvent, Subscription

CHANGE = LiveEvent("bins", viewer_json="less", json="all")


def received(subscription: Subscription, is_welcome: Callable[[], bool] = lambda: True) -> int:
    async def count() -> int:
        return len([event async for event in subscription.events(is_welcome)])

    return asyncio.run(count())


def test_what_waits_is_kept() -> None:
    subscription = Subscription()
    assert all(subscription.put(CHANGE) for _ in range(MAX_LAG))


def test_a_client_that_lags_too_far_is_let_go() -> None:
    subscription = Subscription()
    for _ in range(MAX_LAG):
        subscription.put(CHANGE)
    assert not subscription.put(CHANGE)
    assert received(subscription) == 0


@pytest.mark.parametrize("role", list(Role))
def test_only_a_viewer_is_shown_less(role: Role) -> None:
    assert CHANGE.json_for(role) == ("less" if role is Role.VIEWER else "all")
