"""A running stack with one registered sensor."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from angkut_backend.db import connect
from angkut_backend.errors import DatabaseUnavailableError
from angkut_broker.session import BrokerAddress
from angkut_infra.stack.stack import EmbeddedStack
from parts.waiting import wait_until

PASSWORD = "rahasia"


@dataclass
class Line:
    """A running stack with one registered sensor."""

    stack: EmbeddedStack
    sensor: BrokerAddress

    def until(self, predicate: Callable[[], Any], what: str) -> Any:  # noqa: ANN401
        """Look after the stack until something is so."""

        def tended() -> Any:  # noqa: ANN401
            self.stack.tend()
            return predicate()

        return wait_until(tended, what=what)

    def kill(self, name: str) -> None:
        """End a part as a power cut would; the stack notices when it is looked after."""
        part = self.stack.part(name)
        assert part.pid is not None
        os.kill(part.pid, signal.SIGKILL)
        wait_until(lambda: not part.running, what=f"{name} to be dead")

    def value(self, sql: str) -> Any:  # noqa: ANN401
        """Return the first column of the first row; `None` while the database is away."""
        try:
            with connect(self.stack.dsn) as conn:
                row = conn.execute(sql).fetchone()
        except DatabaseUnavailableError:
            return None
        assert row is not None
        return next(iter(row.values()))

    def has_more_readings(self, than: int) -> bool:
        """Tell whether more readings are stored than these."""
        count = self.value("SELECT count(*) FROM readings")
        return count is not None and count > than
