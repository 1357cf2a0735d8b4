"""The one base error of Angkut and the reasons for which a message is refused."""

import inspect
from dataclasses import dataclass
from enum import StrEnum


class AngkutError(Exception):
    """Something went wrong that a person can mend."""

    def __init__(self, message: str | None = None) -> None:
        # The docstring of an error is its default message, so the two cannot differ.
        super().__init__(message or inspect.getdoc(type(self)))


class TopicError(AngkutError):
    """This is not a topic of the wire contract."""


class Reason(StrEnum):
    """Why a message is not stored. The names go to the dead-letter table and into metrics."""

    BAD_TOPIC = "bad_topic"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    WRONG_VERSION = "wrong_version"
    MISSING_FIELD = "missing_field"
    NOT_FINITE = "not_finite"
    INVALID_FIELD = "invalid_field"
    EMPTY_BATCH = "empty_batch"
    ID_MISMATCH = "id_mismatch"
    TIME_TOO_OLD = "time_too_old"
    TIME_IN_FUTURE = "time_in_future"
    UNKNOWN_DEVICE = "unknown_device"
    RETIRED_DEVICE = "retired_device"
    UNKNOWN_MODEL = "unknown_model"
    BAD_FRAME = "bad_frame"
    UNKNOWN_COMMAND = "unknown_command"
    REJECTED_BY_DATABASE = "rejected_by_database"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message, or a part of it, that is kept aside."""

    reason: Reason
    #: One sentence that names the field and what was expected.
    detail: str
