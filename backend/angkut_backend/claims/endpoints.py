"""Claims: for technicians with a phone, and for those who look at what they did."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from angkut_backend.accounts.access import Fitter, allow
from angkut_backend.accounts.service import Role
from angkut_backend.accounts.sessions import Caller
from angkut_backend.claims import photos, service
from angkut_backend.claims.schemas import (
    CandidateOut,
    CandidatesOut,
    ClaimIn,
    ClaimOut,
    ClaimsOut,
    HangingModel,
    TargetOut,
    TrialOut,
    Typed,
    target_out,
)
from angkut_backend.claims.trial import judge
from angkut_backend.clock import Now
from angkut_backend.pool import PoolDep
from angkut_backend.registry.labels import find_bin
from angkut_broker.topics import ID_PATTERN

router = APIRouter(prefix="/claims", tags=["claims"])

Looker = Annotated[Caller, allow(Role.ADMIN, Role.DISPATCHER, Role.TECHNICIAN)]
DeviceId = Annotated[str, Path(pattern=ID_PATTERN, description="Device id as in its topic")]
ClaimId = Annotated[UUID, Path()]
PhotoBody = Annotated[
    bytes, Body(media_type="image/jpeg", description="JPEG, PNG or WebP, 4 MiB at most")
]


@router.get("/bin")
def get_claim_bin(
    _caller: Looker,
    pool: PoolDep,
    typed: Annotated[Typed, Query(description="As scanned or typed")],
) -> TargetOut:
    """The bin of a label: its address as scanned, its code or its short code as typed."""
    with pool.connection() as conn:
        return target_out(service.target(conn, find_bin(conn, typed)), service.FAR_M)


@router.get("/devices")
def get_claim_devices(
    _caller: Fitter,
    pool: PoolDep,
    typed: Annotated[Typed, Query(description="As scanned or typed")],
) -> CandidatesOut:
    """Devices in use whose id holds what was typed; ten at most."""
    with pool.connection() as conn:
        found = service.candidates(conn, typed)
    return CandidatesOut(devices=[CandidateOut(**row) for row in found])


@router.get("/devices/{device}/trial")
def get_trial(
    _caller: Fitter, pool: PoolDep, device: DeviceId, measured: Annotated[HangingModel, Query()]
) -> TrialOut:
    """What a device said last, and the level that this would be if it hung as measured."""
    hanging = measured.hanging()
    with pool.connection() as conn:
        row = service.newest_reading(conn, device)
    if row["observed_at"] is None:
        return TrialOut(**row, fill_pct=None, verdict=None)
    trial = judge(
        hanging,
        distances_mm=row["distances_mm"],
        distance_mm=row["distance_mm"],
        reported_fill_pct=row["reported_fill_pct"],
    )
    level = None if trial.fill_pct is None else round(trial.fill_pct, 1)
    return TrialOut(**row, fill_pct=level, verdict=trial.verdict)


@router.get("")
def get_claims(
    caller: Looker, pool: PoolDep, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> ClaimsOut:
    """The newest claims; a technician sees own ones."""
    own = caller.actor if caller.role is Role.TECHNICIAN else None
    with pool.connection() as conn:
        found = service.list_claims(conn, actor=own, limit=limit)
    return ClaimsOut(claims=[ClaimOut.model_validate(claim) for claim in found])


@router.post("")
def save_claim(caller: Fitter, pool: PoolDep, now: Now, wanted: ClaimIn) -> ClaimOut:
    """Mount a device from now on. Sent again with the same `claim_id` it changes nothing."""
    claim = wanted.claim()
    with pool.connection() as conn:
        return ClaimOut.model_validate(service.save(conn, claim, now=now, actor=caller.actor))


@router.post("/{claim_id}/undo")
def undo_claim(caller: Fitter, pool: PoolDep, now: Now, claim_id: ClaimId) -> ClaimOut:
    """Take a claim back: an own one within a day; an admin any, while nothing changed since."""
    any_ = caller.role is Role.ADMIN
    with pool.connection() as conn:
        claim = service.undo(conn, claim_id, now=now, actor=caller.actor, any_=any_)
    return ClaimOut.model_validate(claim)


@router.put("/{claim_id}/photo")
def put_claim_photo(
    caller: Fitter, pool: PoolDep, now: Now, claim_id: ClaimId, content: PhotoBody
) -> ClaimOut:
    """Keep a photo of the mounting. It is encoded anew: no position and no owner stay in it."""
    photo = photos.encode(content)
    any_ = caller.role is Role.ADMIN
    with pool.connection() as conn:
        claim = service.set_photo(conn, claim_id, photo, now=now, actor=caller.actor, any_=any_)
    return ClaimOut.model_validate(claim)


@router.get(
    "/{claim_id}/photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The photo"}},
)
def get_claim_photo(_caller: Looker, pool: PoolDep, claim_id: ClaimId) -> Response:
    """The photo of a mounting."""
    with pool.connection() as conn:
        return Response(service.get_photo(conn, claim_id), media_type="image/jpeg")
