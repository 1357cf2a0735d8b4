"""Road networks on disk: built from an OpenStreetMap extract, one graph for each profile."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from angkut_backend.roads.errors import RoadBuildError, RoadsUnavailableError
from angkut_backend.roads.travel import Profile

#: Truck and motor cart; each is a Lua file in the folder `profiles`.
PROFILES: tuple[Profile, ...] = ("truck", "small")
_LUA = Path(__file__).parent / "profiles"
#: What is built, in order; the arguments come before the file.
#: A matrix of 1,500 places in a town takes 0.4 s on a contracted network, else 28 s.
_STEPS = ("osrm-extract", "osrm-contract")
_CURRENT = "current.json"
#: Lines of a failed program that people see.
_LINES = 6


@dataclass(frozen=True, slots=True)
class RoadGraph:
    """A road network that is ready for questions."""

    folder: str
    #: Name of the extract.
    file: str
    #: Of the extract and the profiles: another one gives other travel times.
    digest: str
    built_at: str

    @property
    def source(self) -> str:
        """Return what to write under a map or a plan."""
        return f"OSRM on {self.file}, (c) OpenStreetMap contributors, ODbL 1.0"

    def base(self, profile: Profile) -> Path:
        """Return the path that OSRM opens."""
        return Path(self.folder) / f"{profile}.osrm"


def build(
    extract: Path,
    roads_dir: Path,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> RoadGraph:
    """Build graphs from an extract and make them the current ones.

    Graphs that are in use stay until the new ones are whole; one earlier network is kept.

    Raises
    ------
    RoadsUnavailableError
        The road engine is not installed.
    RoadBuildError
        The extract cannot be read, or holds no roads.
    """
    share = _share()
    if not extract.is_file():
        raise RoadBuildError(f"no file {extract}: give an OpenStreetMap extract, FILE.osm.pbf")
    digest = _digest(extract)
    folder = roads_dir / digest[:16]
    work = roads_dir / f".{digest[:16]}.{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        total = len(PROFILES) * len(_STEPS)
        for number, profile in enumerate(PROFILES):
            # OSRM names its files after the extract.
            (work / f"{profile}.osm.pbf").symlink_to(extract.resolve())
            for step, program in enumerate(_STEPS):
                progress(number * len(_STEPS) + step, total)
                _run(share, program, profile, work)
            (work / f"{profile}.osm.pbf").unlink()
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    graph = RoadGraph(str(folder.resolve()), extract.name, digest, now.isoformat())
    before = current(roads_dir)
    draft = roads_dir / f".{_CURRENT}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(graph), indent=2))
    draft.replace(roads_dir / _CURRENT)
    _clear(roads_dir, {folder.name, Path(before.folder).name if before else ""})
    progress(total, total)
    return graph


def current(roads_dir: Path) -> RoadGraph | None:
    """Return the network in force, if there is one.

    Raises
    ------
    RoadsUnavailableError
        The record of it cannot be read.
    """
    record = roads_dir / _CURRENT
    if not record.exists():
        return None
    try:
        graph = RoadGraph(**json.loads(record.read_text()))
    except (ValueError, TypeError, OSError) as exc:
        raise RoadsUnavailableError(
            f"{record} cannot be read ({exc}): build the roads again with `angkut roads build`"
        ) from exc
    return graph if Path(graph.folder).is_dir() else None


def is_engine_there() -> bool:
    """Tell whether the road engine is installed: its wheels need Python 3.12."""
    return importlib.util.find_spec("osrm") is not None


def _share() -> Path:
    found = importlib.util.find_spec("osrm")
    if found is None or found.origin is None:
        raise RoadsUnavailableError(
            "the road engine is not installed: it needs Python 3.12 or newer; until then plans "
            "measure straight lines times a factor and say so"
        )
    return Path(found.origin).parent


def _run(share: Path, program: str, profile: Profile, work: Path) -> None:
    arguments = ["--threads", str(os.cpu_count() or 1)]
    if program == "osrm-extract":
        lua = str(_LUA / f"{profile}.lua")
        arguments += ["--profile", lua, str(work / f"{profile}.osm.pbf")]
    else:
        arguments.append(str(work / f"{profile}.osrm"))
    # Ours build on the profiles of the engine itself.
    env = os.environ | {"LUA_PATH": f"{_LUA}/?.lua;{share / 'share' / 'profiles'}/?.lua;;"}
    done = subprocess.run(
        [str(share / "bin" / program), *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        env=env,
        check=False,
    )
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise RoadBuildError(
            "no roads could be read: give an .osm.pbf extract that is whole and has roads in it; "
            f"{program} failed for profile {profile} and said: {' / '.join(said[-_LINES:])[-600:]}"
        )


def _digest(extract: Path) -> str:
    digest = hashlib.sha256()
    with extract.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    digest.update(" ".join(_STEPS).encode())
    for profile in sorted(_LUA.glob("*.lua")):
        digest.update(profile.read_bytes())
    return digest.hexdigest()


def _clear(roads_dir: Path, keep: set[str]) -> None:
    for old in roads_dir.iterdir():
        if old.is_dir() and not old.name.startswith(".") and old.name not in keep | {"matrices"}:
            shutil.rmtree(old, ignore_errors=True)
