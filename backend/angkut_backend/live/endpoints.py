"""The event stream of the map."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from angkut_backend.accounts.access import SignedIn, identify
from angkut_backend.clock import Clock
from angkut_backend.errors import DatabaseUnavailableError
from angkut_backend.live.service import Live, LiveEvent, Subscription
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/live", tags=["bins"])


async def _opened(request: Request) -> AsyncIterator[tuple[Subscription, LiveEvent]]:
    # Here and not in the stream, so that a database that is away is still a 503. Subscribed
    # before the state is read: a change in between is sent twice rather than lost.
    live: Live = request.app.state.live
    with live.subscribe() as subscription:
        yield subscription, await live.state()


Opened = Annotated[tuple[Subscription, LiveEvent], Depends(_opened)]


@router.get("", response_class=EventSourceResponse)
async def get_live(
    request: Request, caller: SignedIn, pool: PoolDep, opened: Opened
) -> AsyncIterator[ServerSentEvent]:
    """Event `state` with all bins, then `bins` with those that changed; `state` may come again.

    The data of both is a BinCollection. Event `alerts` has all open alerts, as `GET /alerts`,
    whenever one opens, closes or is acknowledged; ask for them after each `state`. Event `job`,
    for dispatchers and admins, has a job that changed, as `GET /jobs/{job_id}`. Event `plans` says
    that one was accepted, published or withdrawn: ask for them. The stream ends with the session.
    """
    subscription, state = opened
    clock: Clock = request.app.state.clock

    def is_welcome() -> bool:
        try:
            return identify(pool, request, clock()) is not None
        except DatabaseUnavailableError:
            return False  # whoever comes back is told what is wrong

    yield ServerSentEvent(event=state.name, raw_data=state.json_for(caller.role))
    async for event in subscription.events(is_welcome):
        data = event.json_for(caller.role)
        if data is not None:
            yield ServerSentEvent(event=event.name, raw_data=data)
