"""`angkut bins`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from angkut_backend.claims.records import Caution, NewClaim, Position
from angkut_backend.claims.service import save
from angkut_backend.db import Connection
from angkut_backend.registry.hanging import Hanging
from angkut_backend.registry.labels import MistypedError, check_character, find_bin
from integration.cli.conftest import Run

URL = ("--page-url", "https://angkut.example.go.id")


@pytest.fixture
def site(run: Run) -> None:
    run("site", "load", "bekasi-timur")


@pytest.mark.usefixtures("site")
def test_labels_of_all_of_an_area_and_of_some_are_printed(run: Run, tmp_path: Path) -> None:
    assert "252 labels on 26 sheets" in run("bins", "labels", "--all", *URL, "-o", "a.pdf").output
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    area = run("bins", "labels", "--area", "bekasi jaya", *URL, "-o", "b.svg").output
    assert "b-1.svg" in area
    env = {"ANGKUT_PAGE_URL": "http://10.0.0.5:8080"}
    some = run("bins", "labels", "bks-bt-0241", "-o", "c.svg", **env).output
    assert "neither position nor camera" in some
    assert "1 labels on 1 sheets: c.svg" in some
    assert "BKS-BT-0241" in (tmp_path / "c.svg").read_text()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--all", "-o", "a.pdf"), "page_url"),
        (("--all", "-o", "a.png", *URL), ".pdf or .svg"),
        (("-o", "a.pdf", *URL), "--area and --all"),
        (("--all", "--area", "x", "-o", "a.pdf", *URL), "--area and --all"),
        (("--all", "-o", "a.pdf", "--page-url", "angkut.go.id"), "no address such as"),
        (("--area", "Atlantis", "-o", "a.pdf", *URL), "Atlantis"),
        (("BKS-BT-9999", "-o", "a.pdf", *URL), "BKS-BT-9999"),
    ],
)
def test_what_cannot_be_printed_is_said(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run("bins", "labels", *arguments, fails=True)
    assert words in result.output + str(result.exception)


@pytest.mark.usefixtures("site")
def test_what_is_scanned_or_typed_is_the_bin_and_a_slip_is_noticed(conn: Connection) -> None:
    check = check_character("BKS-BT-0241")
    for typed in (
        "BKS-BT-0241",
        " bks-bt-0241 ",
        "https://angkut.example.go.id/?claim=BKS-BT-0241",
        f"0241-{check}",
        f"0241{check.lower()}",
    ):
        assert find_bin(conn, typed) == "BKS-BT-0241"
    for wrong in (f"0242-{check}", "9999-A", "BKS-BT-9999", "", "https://[", "%", "https://a/?b=c"):
        with pytest.raises(MistypedError):
            find_bin(conn, wrong)


@pytest.mark.usefixtures("site")
def test_measured_places_are_printed_for_mending_the_site_pack(run: Run, conn: Connection) -> None:
    run("devices", "add", "--id", "aa01")
    assert len(run("bins", "places").output.splitlines()) == 1
    for minutes, lon in ((2, 107.0), (1, 107.01)):
        claim = NewClaim(
            claim_id=uuid4(),
            bin_code="BKS-BT-0241",
            device_id="aa01",
            hanging=Hanging(d_empty_mm=1200, d_full_mm=200),
            position=Position(lon=lon, lat=-6.24, accuracy_m=None),
            confirmed=frozenset({Caution.FAR}),
            note="",
        )
        save(conn, claim, now=datetime.now(UTC) - timedelta(minutes=minutes), actor="account:rudi")
    conn.commit()
    [_, line] = run("bins", "places").output.splitlines()
    assert line.startswith("BKS-BT-0241,107.010000,-6.240000,,")
    assert line.endswith(",account:rudi")
