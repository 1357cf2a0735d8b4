"""Where the site packs that come with Angkut are."""

from pathlib import Path

from angkut_broker.errors import AngkutError

_HERE = Path(__file__).parent
#: Inside the wheel, else beside the package in a clone.
_FOLDERS = (_HERE / "sites", _HERE.parent / "sites")


def find_site(name: str) -> Path:
    """Return the folder of a pack: a path as it is, else a pack that comes with Angkut.

    Raises
    ------
    AngkutError
        Neither is there.
    """
    for path in (Path(name), *(folder / name for folder in _FOLDERS)):
        if path.is_dir():
            return path
    raise AngkutError(f"no site pack {name!r}: give its folder, or `bekasi-timur`")
