"""The gateway's command line, as a machine without the server's packages has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from angkut_infra.stack import ports
from integration.infra.mqtt_client import Client
from parts.edge import PASSWORD, network_server, write_settings

#: What a gateway must do without: everything that only the server or the demo brings.
_SERVER_ONLY = (
    "psycopg",
    "fastapi",
    "uvicorn",
    "rich",
    "argon2",
    "bcrypt",
    "numpy",
    "PIL",
    "pyvrp",
    "reportlab",
    "segno",
)
_RUN = f"""
import sys
for name in {_SERVER_ONLY!r}:
    sys.modules[name] = None
from angkut_infra.cli import main
main()
"""


def angkut(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Settings that are right, with an upstream that is not there."""
    found = tmp_path / "angkut-edge.toml"
    sources = [{"name": "ns", "port": ports.choose(0), "envelope": "chirpstack"}]
    write_settings(found, upstream_port=ports.choose(0), sources=sources)
    return found


def test_the_base_install_checks_settings(file: Path) -> None:
    done = angkut("edge", "check", str(file))
    assert done.returncode == 0, done.stderr
    assert "angkut/v1/bekasi/327501/gateway/gw-0001" in done.stdout
    assert PASSWORD not in done.stdout


def test_a_mistake_is_one_line_for_each_field(file: Path) -> None:
    file.write_text(file.read_text().replace('area = "327501"', 'area = "Bekasi Timur"'))
    done = angkut("edge", "check", str(file))
    assert done.returncode == 1
    assert "area: area is 'Bekasi Timur'" in done.stderr
    assert "Traceback" not in done.stderr


def test_brokers_that_do_not_answer_are_named(file: Path) -> None:
    done = angkut("edge", "check", str(file), "--connect")
    assert done.returncode == 1
    assert done.stdout.count("Connection refused") == 2


def test_the_base_install_runs_a_gateway_and_stops_it(
    file: Path, mosquitto: Path, tmp_path: Path
) -> None:
    with network_server(mosquitto, tmp_path / "ns", port=ports.choose(0)) as port:
        write_settings(
            file,
            upstream_port=port,
            sources=[{"name": "ns", "port": port, "envelope": "chirpstack"}],
        )
        with Client(port, None) as server:
            server.subscribe("angkut/v1/+/+/gateway/+/status")
            with subprocess.Popen(
                [sys.executable, "-c", _RUN, "edge", "--config", str(file)],
                stderr=subprocess.PIPE,
                text=True,
            ) as process:
                assert process.stderr is not None
                for line in process.stderr:
                    if "ns: connected" in line:
                        break
                process.terminate()
                assert process.wait() == 0, process.stderr.read()
            assert server.received[-1][1] == b"offline"
