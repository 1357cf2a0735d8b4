"""Drawing long plans outside of the API: its threads share one interpreter."""

import multiprocessing
from multiprocessing.connection import Connection as Pipe

from angkut_backend.errors import BackendError
from angkut_backend.planning.exports.names import Names
from angkut_backend.planning.exports.run_sheet_pdf import to_pdf
from angkut_backend.planning.records import PlanRecord

#: A sheet of so many stops takes less than a process needs to begin.
MANY_STOPS = 300


class DrawingError(BackendError):
    """The process that drew the PDF ended before it had it, perhaps for lack of memory."""

    status = 503
    code = "drawing_failed"


def is_long(record: PlanRecord) -> bool:
    """Tell whether a plan is better drawn by a process of its own."""
    return record.plan.totals.stops > MANY_STOPS


def to_pdf_apart(record: PlanRecord, names: Names) -> bytes:
    """Draw the sheets in a process of its own, which ends with it; see `to_pdf`.

    Raises
    ------
    DrawingError
        The process died.
    """
    # Not forked: threads and database connections of ours would come along.
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_draw, args=[theirs, record, names], daemon=True)
    process.start()
    # Or the pipe would not end with it.
    theirs.close()
    try:
        return mine.recv_bytes()
    except EOFError as exc:
        raise DrawingError(
            f"the process that drew plan {record.plan_id} ended: try again, or take the csv form"
        ) from exc
    finally:
        mine.close()
        process.join()


def _draw(pipe: Pipe, record: PlanRecord, names: Names) -> None:
    pipe.send_bytes(to_pdf(record, names))
