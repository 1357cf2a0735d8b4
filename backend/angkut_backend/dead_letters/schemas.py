"""Dead letters as the API shows them."""

import base64
import json
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from angkut_backend.dead_letters.service import DeadLetter, Outcome

#: Neither NUL nor line breaks: nothing that is stored has them.
Word = Annotated[str, Field(max_length=500, pattern=r"^\P{Cc}+$")]


class LetterOut(BaseModel):
    """A message that was kept aside, with the start of its payload."""

    model_config = ConfigDict(from_attributes=True)

    dead_letter_id: int
    received_at: datetime
    topic: str
    #: The device or gateway that the topic names.
    device: str | None
    reason: str
    detail: str
    payload_bytes: int
    is_open: bool
    outcome: Outcome | None
    outcome_detail: str | None
    outcome_at: datetime | None
    outcome_by: str | None


class WholeLetterOut(LetterOut):
    """A message that was kept aside, whole."""

    #: For people: JSON indented, other bytes with what is not text escaped.
    payload_text: str
    payload_base64: str


class LettersOut(BaseModel):
    """One page of letters, newest first."""

    letters: list[LetterOut]
    #: Give it as `before` to get the next page; null: there is none.
    next_before: int | None


class CountOut(BaseModel):
    """How many letters are kept."""

    model_config = ConfigDict(from_attributes=True)

    reason: str
    #: Null when counted by reason alone, and for foreign topics.
    device: str | None
    n: int
    open: int
    last_at: datetime


class RemovedOut(BaseModel):
    """How many letters were removed by age or number."""

    model_config = ConfigDict(from_attributes=True)

    reason: str
    #: `none`: never tried.
    outcome: str
    n: int
    last_at: datetime


class CountsOut(BaseModel):
    """How many letters there are, and were."""

    by_reason: list[CountOut]
    #: The noisiest.
    by_device: list[CountOut]
    removed: list[RemovedOut]


class SelectionIn(BaseModel):
    """Which open letters: of a reason, of a device, or all."""

    model_config = ConfigDict(extra="forbid")

    reason: Word | None = None
    device: Word | None = None


class ReplayIn(SelectionIn):
    """Which open letters to replay, and where to go on."""

    after: int = Field(0, ge=0, le=2**63 - 1, description="`last` of the answer before")


class ReplayedOut(BaseModel):
    """What became of one part of the letters."""

    model_config = ConfigDict(from_attributes=True)

    stored: int
    refused: int
    #: More are left: ask again with this as `after`.
    last: int | None


class DiscardedOut(BaseModel):
    """How many letters were discarded."""

    discarded: int


def whole_letter(letter: DeadLetter) -> WholeLetterOut:
    """Show a letter whole."""
    return WholeLetterOut(
        **LetterOut.model_validate(letter).model_dump(),
        payload_text=readable(letter.payload),
        payload_base64=base64.b64encode(letter.payload).decode(),
    )


def readable(payload: bytes) -> str:
    """Return JSON indented, other text as it is, bytes and what could steer a screen escaped."""
    try:
        return json.dumps(json.loads(payload), indent=2)
    except (ValueError, RecursionError):
        text = payload.decode(errors="backslashreplace")
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
