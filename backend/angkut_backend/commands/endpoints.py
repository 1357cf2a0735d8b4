"""Commands to a device, and what became of them."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from angkut_backend.accounts.access import Staff
from angkut_backend.clock import Now
from angkut_backend.commands import service
from angkut_backend.commands.schemas import CommandIn, CommandOut, CommandsOut
from angkut_backend.pool import PoolDep
from angkut_broker.topics import ID_PATTERN

router = APIRouter(prefix="/devices/{device}/commands", tags=["commands"])

DeviceId = Annotated[str, Path(pattern=ID_PATTERN, description="Device id as in its topic")]


@router.post("", status_code=201)
def ask_device(
    caller: Staff, pool: PoolDep, now: Now, device: DeviceId, wanted: CommandIn
) -> CommandOut:
    """Queue a command. It is sent within seconds, and again until it is answered or expires."""
    expires_in = timedelta(seconds=wanted.expires_in_s) if wanted.expires_in_s else None
    with pool.connection() as conn:
        command = service.ask(
            conn,
            device,
            wanted.cmd,
            wanted.args.model_dump(exclude_none=True),
            expires_in=expires_in,
            actor=caller.actor,
            now=now,
        )
    return CommandOut.model_validate(command)


@router.get("")
def get_commands(
    _caller: Staff,
    pool: PoolDep,
    device: DeviceId,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CommandsOut:
    """The newest commands of a device."""
    with pool.connection() as conn:
        found = service.list_commands(conn, device, limit=limit)
    return CommandsOut(commands=[CommandOut.model_validate(one) for one in found])
