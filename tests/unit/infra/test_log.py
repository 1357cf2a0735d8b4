import io
from datetime import UTC, datetime
from pathlib import Path

from angkut_infra.stack.log import MAX_LINE, Log

NOW = datetime(2026, 1, 14, 21, 45, 30, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_now() -> datetime:
    return NOW


def test_a_line_has_the_time_the_process_and_the_text() -> None:
    stream = io.StringIO()
    Log(stream, now=at_now).line("api", "hello\n")
    assert stream.getvalue() == f"{NOW.astimezone():%H:%M:%S} api      | hello\n"


def test_only_a_terminal_gets_colours_and_each_process_has_its_own() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        log = Log(stream, now=at_now)
        for name in ("api", "ingest", "api"):
            log.line(name, "x")
    assert "\x1b" not in pipe.getvalue()
    colours = [line.split("\x1b[")[1].split("m")[0] for line in terminal.getvalue().splitlines()]
    assert colours[0] == colours[2] != colours[1]


def test_the_file_has_utc_dates_and_what_the_terminal_is_spared(tmp_path: Path) -> None:
    stream = io.StringIO()
    log = Log(stream, path=tmp_path / "log" / "angkut.log", now=at_now)
    log.line("postgres", "LOG:  daily life", shown=False)
    log.say("first\nsecond")
    log.close()
    assert (tmp_path / "log" / "angkut.log").read_text() == (
        "2026-01-14T21:45:30Z postgres | LOG:  daily life\n"
        "2026-01-14T21:45:30Z angkut | first\n"
        "2026-01-14T21:45:30Z angkut | second\n"
    )
    assert "daily life" not in stream.getvalue()


def test_the_files_on_disk_stay_below_twice_the_bound(tmp_path: Path) -> None:
    log = Log(io.StringIO(), path=tmp_path / "angkut.log", now=at_now, max_file_bytes=1000)
    for number in range(200):
        log.line("api", f"line {number}")
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["angkut.1.log", "angkut.log"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2200
    kept = "".join((tmp_path / name).read_text() for name in ("angkut.1.log", "angkut.log"))
    assert kept.endswith("line 199\n")


def test_a_line_without_end_is_cut() -> None:
    stream = io.StringIO()
    Log(stream, now=at_now).line("api", "x" * 100_000)
    assert stream.getvalue().count("x") == MAX_LINE


def test_a_closed_terminal_stops_neither_the_writer_nor_the_file(tmp_path: Path) -> None:
    stream = io.StringIO()
    log = Log(stream, path=tmp_path / "angkut.log", now=at_now)
    stream.close()
    log.say("still here")
    log.close()
    assert "still here" in (tmp_path / "angkut.log").read_text()


def test_time_and_name_of_our_own_processes_stand_only_once() -> None:
    stream = io.StringIO()
    log = Log(stream, now=at_now)
    log.line("ingest", "time=2026-01-14T21:45:29Z level=INFO    logger=angkut.ingest connected")
    log.line("ingest", "time=2026-01-14T21:45:29Z level=WARNING logger=angkut.ingest away")
    texts = [line.split(" | ")[1] for line in stream.getvalue().splitlines()]
    assert texts == ["connected", "WARNING away"]
