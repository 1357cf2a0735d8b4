import subprocess
from pathlib import Path


def test_mosquitto_starts(mosquitto: Path) -> None:
    assert b"mosquitto version" in subprocess.run([mosquitto, "-h"], stdout=-1, check=False).stdout


def test_the_nats_server_starts(nats: Path) -> None:
    assert b"nats-server" in subprocess.run([nats, "-v"], stdout=-1, check=True).stdout


def test_the_browser_starts(chromium: Path) -> None:
    assert b"Chrom" in subprocess.run([chromium, "--version"], stdout=-1, check=True).stdout
