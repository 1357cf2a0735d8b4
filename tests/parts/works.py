"""What a worker's process does in tests, where such a process can import it by its name."""

import threading
import time
from collections.abc import Mapping

from angkut_backend.jobs.running import RunningJob, Work


def finish(job: RunningJob) -> None:
    """End well."""
    job.finish(result={"well": True})


def talk_then_hang(job: RunningJob) -> None:
    """Tell that it goes on for `talk_s` seconds, and then nothing for ever."""
    until_s = time.monotonic() + job.body["talk_s"]
    while time.monotonic() < until_s:
        job.begin("search")
    threading.Event().wait()


def works() -> Mapping[str, Work]:
    """Return what does the jobs of each kind."""
    return {"easy": finish, "hard": talk_then_hang}
