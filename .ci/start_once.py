"""Start an installed Angkut once: `start_once.py ANGKUT FOLDER`: it must serve, and stop."""  # noqa: INP001 - a script

import os
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

START_S = 120
STOP_S = 20


def main() -> None:
    """Run `angkut --help` and `angkut up` outside any clone.

    Raises
    ------
    SystemExit
        Says what did not come about.

    """
    angkut, folder = sys.argv[1:]
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANGKUT_")}
    env["ANGKUT_API_PORT"] = "0"
    subprocess.run([angkut, "--help"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    with subprocess.Popen([angkut, "up"], cwd=folder, env=env) as process:
        try:
            ready_s = seconds_until_ready(process, Path(folder, "angkut-data", "stack.toml"))
            process.send_signal(signal.SIGTERM)
            began_s = time.monotonic()
            status = process.wait(timeout=STOP_S)
        finally:
            process.kill()
    if status != 0:
        raise SystemExit(f"`angkut up` ended with status {status} after SIGTERM, expected 0")
    stopped_s = time.monotonic() - began_s
    print(f"the installed angkut was ready after {ready_s:.1f} s, stopped in {stopped_s:.1f} s")


def seconds_until_ready(process: subprocess.Popen[bytes], stack: Path) -> float:
    """Wait until the API reports ready and serves the page; return the time it took, seconds."""
    began_s = time.monotonic()
    last = "nothing was tried"
    while (waited_s := time.monotonic() - began_s) < START_S:
        if process.poll() is not None:
            raise SystemExit(f"`angkut up` ended by itself with status {process.returncode}")
        try:
            base = f"http://127.0.0.1:{tomllib.loads(stack.read_text())['api_port']}"
            get(f"{base}/api/health/ready")
            page = get(f"{base}/")
        except (OSError, KeyError, tomllib.TOMLDecodeError) as exc:
            last = repr(exc)
            time.sleep(0.1)
            continue
        if b"<script" not in page:
            raise SystemExit(f"{base}/ is not the page: {page[:200]!r}")
        return waited_s
    raise SystemExit(f"`angkut up` was not ready within {START_S} s: {last}")


def get(url: str) -> bytes:
    """Fetch an address of this machine; anything but a good answer is an OSError."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http on loopback
        content: bytes = answer.read()
        return content


if __name__ == "__main__":
    main()
