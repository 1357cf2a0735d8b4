"""Claims: a sensor mounted at the bin. All functions are part of the caller's transaction."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from angkut_backend.accounts.service import audit
from angkut_backend.claims.photos import Photo
from angkut_backend.claims.records import Caution, Claim, NewClaim
from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import ConflictError, NotAllowedError, NotFoundError
from angkut_backend.registry.exchanges import take_back
from angkut_backend.registry.moves import mount
from angkut_backend.registry.sheet import normal_id
from angkut_backend.registry.site.geometry import distance_m

_SQL = load_queries("angkut_backend.claims")

#: Farther from the bin's registered place than this, beyond what the phone may be wrong by, and the
#: person stands at another bin, or the place is registered wrongly: somebody must say which.
FAR_M = 100.0
#: A phone that is less sure of its place than this says nothing about it.
MAX_ACCURACY_M = 100.0
#: Who made a claim may take it back so long; later it is an admin's decision.
UNDO_WITHIN = timedelta(hours=24)
MAX_CANDIDATES = 10
#: The label of a LoRaWAN device (LoRa Alliance TR005): schema, JoinEUI, DevEUI, profile, ...
_LORAWAN_LABEL = re.compile(r"LW:D0:[0-9A-F]{16}:([0-9A-F]{16})(:.*)?", re.IGNORECASE)


class ClaimChangedError(ConflictError):
    """This was saved before, with other measures: save them as a new claim."""

    code = "claim_changed"


class FarAwayError(ConflictError):
    """You are far from the bin's place."""

    code = "far_away"


class NoPositionError(ConflictError):
    """Where you are is not known: allow the page to see your position, or type it."""

    code = "no_position"


def target(conn: Connection, bin_code: str) -> Row:
    """Return a bin with what hangs in it.

    Raises
    ------
    NotFoundError
        There is no bin with that code.

    """
    row = conn.execute(_SQL["target"], {"code": bin_code}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no bin {bin_code}")
    return row


def candidates(conn: Connection, typed: str) -> list[Row]:
    """Return the devices in use whose id holds what was scanned or typed, the exact one first."""
    label = _LORAWAN_LABEL.fullmatch(typed.strip())
    part = label.group(1).lower() if label else normal_id(typed)
    values = {"part": part, "limit": MAX_CANDIDATES}
    return conn.execute(_SQL["candidates"], values).fetchall() if part else []


def newest_reading(conn: Connection, device_id: str) -> Row:
    """Return what a device said last; all is None when it never said anything.

    Raises
    ------
    NotFoundError
        There is no device with that id.

    """
    row = conn.execute(_SQL["newest_reading"], {"device": device_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no device {device_id}")
    return row


def save(conn: Connection, claim: NewClaim, *, now: datetime, actor: str) -> Claim:
    """Mount the device, and record who did it and where; a claim saved before is left as it is.

    Raises
    ------
    NotFoundError
        There is no such bin or device.
    FarAwayError, NoPositionError, BinTakenError, DeviceElsewhereError
        What `confirmed` does not speak of.
    ClaimChangedError
        It was saved before, with other measures.
    ConflictError
        That claim is another one, or the device is retired.

    """
    before = _find(conn, claim.claim_id)
    if before is not None:
        if (before.bin_code, before.device_id, before.actor) != (
            claim.bin_code,
            claim.device_id,
            actor,
        ):
            raise ConflictError(f"claim {claim.claim_id} is another one: begin a new one")
        _refuse_other_measures(conn, before, claim)
        return before
    away_m = _away_m(target(conn, claim.bin_code), claim)
    done = mount(
        conn,
        claim.device_id,
        claim.bin_code,
        claim.hanging,
        at=now,
        now=now,
        actor=actor,
        replace=Caution.REPLACE in claim.confirmed,
        move=Caution.MOVE in claim.confirmed,
    )
    position = claim.position
    values: dict[str, Any] = {
        "claim_id": claim.claim_id,
        "mounting_id": done.mounting_id,
        "ended": list(done.ended),
        "actor": actor,
        "now": now,
        "lon": position.lon if position else None,
        "lat": position.lat if position else None,
        "accuracy_m": position.accuracy_m if position else None,
        "distance_m": away_m,
        "confirmed": sorted(claim.confirmed),
        "note": claim.note,
    }
    conn.execute(_SQL["add_claim"], values)
    after = {"distance_m": None if away_m is None else round(away_m), "note": claim.note}
    after["confirmed"] = values["confirmed"]
    subject = f"{claim.bin_code} {claim.device_id}"
    audit(conn, actor, "claim.save", subject, None, {"claim": str(claim.claim_id), **after})
    return get(conn, claim.claim_id)


def get(conn: Connection, claim_id: UUID) -> Claim:
    """Return a claim.

    Raises
    ------
    NotFoundError
        There is none with that id.

    """
    claim = _find(conn, claim_id)
    if claim is None:
        raise NotFoundError(f"there is no claim {claim_id}")
    return claim


def list_claims(conn: Connection, *, actor: str | None, limit: int) -> list[Claim]:
    """Return the newest claims, of somebody or of all."""
    rows = conn.execute(_SQL["list_claims"], {"actor": actor, "limit": limit})
    return [Claim.from_row(row) for row in rows]


def undo(conn: Connection, claim_id: UUID, *, now: datetime, actor: str, any_: bool) -> Claim:
    """Take a claim back: what hung before hangs again, and readings follow.

    `any_`: also another person's, however old. A claim taken back before is left as it is.

    Raises
    ------
    NotFoundError
        There is none with that id.
    NotAllowedError
        It is another person's, or older than a day.
    ConflictError
        Something changed since.

    """
    conn.execute(_SQL["hold_claim"], {"claim_id": claim_id})
    claim = get(conn, claim_id)
    if claim.undone_at is not None:
        return claim
    _own(claim, actor, any_=any_)
    if not any_ and now - claim.made_at > UNDO_WITHIN:
        raise NotAllowedError("this was saved more than a day ago: ask an admin to take it back")
    if claim.mounting_id is None:
        raise ConflictError("its mounting is gone: mount the device where it is")
    take_back(conn, claim.mounting_id, claim.ended, actor=actor)
    conn.execute(_SQL["undo_claim"], {"claim_id": claim_id, "now": now, "actor": actor})
    return get(conn, claim_id)


def set_photo(
    conn: Connection, claim_id: UUID, photo: Photo, *, now: datetime, actor: str, any_: bool
) -> Claim:
    """Keep the photo of a mounting; a new one takes the place of the old.

    Raises
    ------
    NotFoundError
        There is no claim with that id.
    NotAllowedError
        It is another person's.
    ConflictError
        The claim was taken back.

    """
    claim = get(conn, claim_id)
    _own(claim, actor, any_=any_)
    if claim.mounting_id is None:
        raise ConflictError("this claim was taken back: there is nothing to show a photo of")
    values = {
        "mounting_id": claim.mounting_id,
        "now": now,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "jpeg": photo.jpeg,
    }
    conn.execute(_SQL["set_photo"], values)
    subject = f"{claim.bin_code} {claim.device_id}"
    audit(conn, actor, "claim.photo", subject, None, {"bytes": len(photo.jpeg)})
    return get(conn, claim_id)


def get_photo(conn: Connection, claim_id: UUID) -> bytes:
    """Return the photo of a mounting as a JPEG.

    Raises
    ------
    NotFoundError
        There is none.

    """
    row = conn.execute(_SQL["get_photo"], {"claim_id": claim_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no photo of claim {claim_id}")
    return bytes(row["jpeg"])


def measured_places(conn: Connection) -> list[Row]:
    """Return by bin where the phone was when its sensor was mounted last."""
    return conn.execute(_SQL["measured_places"]).fetchall()


def _find(conn: Connection, claim_id: UUID) -> Claim | None:
    row = conn.execute(_SQL["claim_by_id"], {"claim_id": claim_id}).fetchone()
    return None if row is None else Claim.from_row(row)


def _refuse_other_measures(conn: Connection, before: Claim, claim: NewClaim) -> None:
    """Tell a save sent twice, whose answer was lost, from one that was corrected in between."""
    row = conn.execute(_SQL["hanging_of"], {"mounting_id": before.mounting_id}).fetchone()
    if row is not None and not claim.hanging.is_recorded_as(row):
        raise ClaimChangedError


def _own(claim: Claim, actor: str, *, any_: bool) -> None:
    if claim.actor != actor and not any_:
        raise NotAllowedError("this is another person's claim: ask them, or an admin")


def _away_m(place: Row, claim: NewClaim) -> float | None:
    """Return how far the phone was from the bin's registered place, unless that must be asked."""
    position = claim.position
    if position is None:
        if Caution.NO_POSITION not in claim.confirmed:
            raise NoPositionError
        return None
    away_m = distance_m((position.lon, position.lat), (place["lon"], place["lat"]))
    unsure_m = min(position.accuracy_m or 0.0, MAX_ACCURACY_M)
    if away_m - unsure_m > FAR_M and Caution.FAR not in claim.confirmed:
        raise FarAwayError(
            f"you are {away_m:.0f} m from where bin {claim.bin_code} is registered, more than "
            f"{FAR_M:.0f} m: compare the label, or confirm that the registered place is wrong"
        )
    return away_m
