"""What the service may say of plans has words on the page, in both languages; and no more."""

import re
from pathlib import Path

import pytest

from angkut_backend import errors
from angkut_backend.accounts import access
from angkut_backend.errors import BackendError, ConflictError
from angkut_backend.forecast.service import ForecastMissingError
from angkut_backend.jobs import failures
from angkut_backend.jobs.service import TooManyJobsError
from angkut_backend.planning import assembly, decisions, service, shifts
from angkut_backend.planning.faults import ChangesError, FaultField, FaultWord
from angkut_backend.planning.keeping import Phase
from angkut_backend.planning.notes import Hurdle, NoteCode
from angkut_backend.planning.outdated import Part, Trait
from angkut_backend.planning.violations import Breach, Unit
from angkut_backend.roads.errors import RoadsUnavailableError

MESSAGES = Path(__file__).parents[4] / "backend/web/src/messages"
#: `app.py` and `http_guard.py` say these, and the page itself the last one.
NOT_ERRORS = {"malformed_input", "body_too_large", "internal", "offline"}
#: Of signing in with a password only.
ELSEWHERE = {"too_many_attempts"}


def codes_of(module: object) -> set[str]:
    """Return the words of all errors that a module declares."""
    classes = [one for one in vars(module).values() if isinstance(one, type)]
    return {one.code for one in classes if issubclass(one, BackendError)}


#: What ordering a plan may answer, and why a job that makes one may fail.
REFUSALS = (
    codes_of(errors) | codes_of(access) | codes_of(assembly) | codes_of(service) | codes_of(shifts)
    | {ChangesError.code, ForecastMissingError.code, RoadsUnavailableError.code}
    | {TooManyJobsError.code} | NOT_ERRORS
    | {value for name, value in vars(failures).items() if name.isupper()}
) - ELSEWHERE  # fmt: skip


def keys(language: str, block: str) -> set[str]:
    """Return the keys of a block of the plan view's messages."""
    files = [MESSAGES / f"{name}-{language}.ts" for name in ("plans", "said")]
    text = "".join(file.read_text() for file in files)
    (found,) = re.findall(rf"\n  {block}: {{\n(.*?)\n  }}", text, re.DOTALL)
    return set(re.findall(r'^    "?([\w.]+)"?:', found, re.MULTILINE))


#: Phases of any job.
WAITING = {"queued", "no_worker", "starting", "worker_lost"}
#: Why a plan is not accepted or published; that it was decided before is said by the page itself.
DECISIONS = (codes_of(decisions) | {assembly.NothingToPlanError.code}) - {ConflictError.code}


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("rules", set(Breach)),
        ("units", set(Unit) - {Unit.TIME, Unit.COUNT}),
        ("faults", set(FaultWord)),
        ("faultFields", set(FaultField)),
        ("noteTexts", set(NoteCode)),
        ("hurdles", set(Hurdle)),
        ("refusals", REFUSALS),
        ("decisionRefusals", DECISIONS),
        ("outdatedParts", set(Part)),
        ("outdatedTraits", set(Trait)),
        ("phases", {*Phase, *WAITING}),
    ],
)
def test_every_word_of_the_service_is_said_on_the_page(
    language: str, block: str, words: set[str]
) -> None:
    assert keys(language, block) == words
