"""Alive and ready, for whoever restarts or routes."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from angkut_backend import migrate
from angkut_backend.accounts.access import Public
from angkut_backend.errors import BackendError
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/health", tags=["health"])


class MigrationsPendingError(BackendError):
    """The database lacks migrations of this Angkut."""

    status = 503
    code = "migrations_pending"


class LiveOut(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyOut(BaseModel):
    """What a request needs is there."""

    database: Literal["ok"] = "ok"
    migrations: Literal["current"] = "current"
    #: Number of the newest migration.
    migration: int


@router.get("/live")
def get_liveness(_public: Public) -> LiveOut:
    """Say that the process answers; asks nothing else."""
    return LiveOut()


@router.get("/ready")
def get_readiness(pool: PoolDep, _public: Public) -> ReadyOut:
    """Say that the database answers and has the schema of this code; 503 names what does not."""
    with pool.connection() as conn:
        state = migrate.state(conn)
    if state.missing:
        names = ", ".join(state.missing)
        raise MigrationsPendingError(f"the database lacks {names}: run `angkut migrate`")
    return ReadyOut(migration=state.applied)
