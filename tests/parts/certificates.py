"""Certificates that tests make themselves."""

import subprocess
from pathlib import Path


def self_signed(openssl: Path, folder: Path, name: str) -> Path:
    """Make a certificate for 127.0.0.1, its own authority: `name`.pem, with the key `name`.key."""
    certificate = folder / f"{name}.pem"
    command = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key"
    address = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [openssl, *command.split(), *address, "-out", certificate],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return certificate
