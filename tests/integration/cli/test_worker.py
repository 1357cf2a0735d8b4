"""`angkut worker` as a process."""

import os
import signal
import subprocess
import sys

from angkut_backend.db import Connection
from parts.registry import MOUNTED_AT, add_registry
from parts.waiting import wait_until


def test_a_worker_rolls_readings_up_and_ends_on_a_signal(database: str, conn: Connection) -> None:
    add_registry(conn)
    conn.execute(
        "WITH r AS (INSERT INTO readings"
        " (device_id, observed_at, received_at, seq, bin_id, fill_pct, flags, score)"
        " SELECT device_id, %(at)s, %(at)s, 1, bin_id, 50, 0, 1 FROM mounting RETURNING *)"
        " INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, observed_at FROM r",
        {"at": MOUNTED_AT},
    )
    conn.commit()
    conn.autocommit = True
    # Readings of any age are kept, or retention might come first.
    env = {**os.environ, "ANGKUT_DATABASE_DSN": database, "ANGKUT_READINGS_KEEP_DAYS": "0"}
    with subprocess.Popen([sys.executable, "-m", "angkut_infra", "worker"], env=env) as worker:
        try:
            wait_until(
                lambda: conn.execute("SELECT FROM readings_daily").fetchone() is not None,
                what="the day's roll-up",
            )
        finally:
            worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
