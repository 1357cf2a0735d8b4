"""Errors of the backend; each knows its HTTP status. 422 is malformed input and nothing else."""

from angkut_broker.errors import AngkutError


class BackendError(AngkutError):
    """The request could not be carried out."""

    status = 400
    code = "bad_request"

    def more(self) -> dict[str, object]:
        """Return what the answer holds besides the word and the sentence, as JSON."""
        return {}


class NotSignedInError(BackendError):
    """Sign in first."""

    status = 401
    code = "not_signed_in"


class NotAllowedError(BackendError):
    """Your role does not allow this."""

    status = 403
    code = "not_allowed"


class NotFoundError(BackendError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class ConflictError(BackendError):
    """This contradicts what is already recorded."""

    status = 409
    code = "conflict"


class TooManyAttemptsError(BackendError):
    """Too many failed attempts; wait a few minutes and try again."""

    status = 429
    code = "too_many_attempts"


class NotTextError(BackendError):
    """This is no text in UTF-8."""

    status = 422
    code = "malformed_input"


class DatabaseUnavailableError(BackendError):
    """The database does not answer. `angkut doctor` says what to do."""

    status = 503
    code = "database_unavailable"


class DatabaseTooNewError(BackendError):
    """The database was written by a newer Angkut than this one."""

    status = 503
    code = "database_too_new"


class DatabaseNotMigratedError(BackendError):
    """The database lacks migrations: run `angkut migrate`."""

    status = 503
    code = "database_not_migrated"


class NotConfiguredError(BackendError):
    """A setting that is needed here is missing."""

    status = 503
    code = "not_configured"
