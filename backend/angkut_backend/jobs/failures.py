"""Why a job failed: a word for programs, a sentence for people."""

from dataclasses import dataclass

from angkut_backend.errors import BackendError
from angkut_broker.errors import AngkutError

#: The machine's part; an order that cannot be carried out fails with the code of its error.
WORKER_DIED = "worker_died"
PROCESS_DIED = "process_died"
PROCESS_SILENT = "process_silent"
OTHER_VERSION = "other_version"
PROGRAM_FAULT = "program_fault"
DATABASE_UNAVAILABLE = "database_unavailable"


class UnknownKindError(BackendError):
    """This worker does not know jobs of this kind."""

    code = OTHER_VERSION


@dataclass(frozen=True, slots=True)
class Failure:
    """What is kept of a job that failed."""

    code: str
    #: Why, and what to do, in English.
    message: str


def failure_of(exc: AngkutError) -> Failure:
    """Return what an error of ours says."""
    code = exc.code if isinstance(exc, BackendError) else PROGRAM_FAULT
    return Failure(code, str(exc))
