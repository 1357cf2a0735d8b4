"""What every long-running command does: log lines, and stop when told. Needs no extras."""

import logging
import signal
import sys
import threading
import time


def set_up_logging(level: str) -> None:
    """Log lines with UTC time to standard error: one event a line."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(
        "time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s", "%Y-%m-%dT%H:%M:%SZ"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The queue tells each of its steps; what becomes of a job is a line of our own.
    if level.upper() != "DEBUG":
        logging.getLogger("procrastinate").setLevel(logging.WARNING)


def stop_by_signal() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
