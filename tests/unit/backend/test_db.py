"""The seam to PostgreSQL."""

import os
import subprocess
import sys


def test_libpq_is_not_told_another_time_zone_than_ours() -> None:
    # As libpq asks: of the process, not of Python.
    program = (
        "import angkut_backend.db, ctypes\n"
        "getenv = ctypes.CDLL(None).getenv\n"
        "getenv.restype = ctypes.c_char_p\n"
        "print(getenv(b'PGTZ'), getenv(b'PGAPPNAME'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PGTZ": "Asia/Jakarta", "PGAPPNAME": "kept"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "None b'kept'\n"
