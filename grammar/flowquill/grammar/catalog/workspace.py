"""The workspace file `flowquill.toml`: which catalogs the flows below its folder are checked against."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

NAME = "flowquill.toml"
_KEYS = ("catalogs", "builtin-catalog")
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a workspace file says. `file` None: there is none. `catalogs`: resolved paths inside the file's folder.

    `errors` are unknown keys and text that is no TOML, `complaints` values that cannot be used, whose default is taken
    instead; each is one sentence.
    """

    file: Path | None = None
    catalogs: tuple[Path, ...] = ()
    builtin: bool = True
    errors: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()


def find_workspace(start: Path) -> Path | None:
    """The workspace file of `start` (a file or a folder): in its folder or the nearest one above it."""
    try:
        place = start.resolve()
        folders = (place, *place.parents) if place.is_dir() else place.parents
        return next((f / NAME for f in folders if (f / NAME).is_file()), None)
    except OSError:
        return None


def read_workspace(file: Path | None) -> Workspace:
    """What `file` says; the defaults for None. Never raises: what is wrong stands in `errors` and `complaints`."""
    if file is None:
        return Workspace()
    import tomllib

    try:
        data = file.read_bytes()
        if len(data) > _MAX_BYTES:
            raise ValueError("it is larger than 1 MB")
        given = tomllib.loads(data.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Workspace(file, errors=(f"{file} cannot be read ({' '.join(str(reason).split())[:120]}); mend it, until then the defaults are used.",))
    errors = tuple(_unknown(file, key) for key in given if key not in _KEYS)
    complaints: list[str] = []
    builtin = given.get("builtin-catalog", True)
    if not isinstance(builtin, bool):
        complaints.append(f"{file}: builtin-catalog is neither true nor false; true is used.")
        builtin = True
    listed = given.get("catalogs", [])
    if not (isinstance(listed, list) and all(isinstance(c, str) and c for c in listed)):
        complaints.append(f"{file}: catalogs is no list of paths; no further catalog is used.")
        listed = []
    root = file.parent.resolve()
    catalogs: list[Path] = []
    for name in listed:
        path = (root / name).resolve()
        # A workspace may come from anybody; it must not make the tools read what lies elsewhere on the machine.
        if path == root or not path.is_relative_to(root):
            complaints.append(f"{file}: the catalog {name} lies outside the workspace and is not read; move it inside or name it in your own settings.")
        elif (link := _leads_out(path, root)) is not None:
            complaints.append(f"{file}: {link} in the catalog {name} is a link out of the workspace, so the catalog is not read; put the file itself there.")
        else:
            catalogs.append(path)
    return Workspace(file, tuple(catalogs), builtin, errors, tuple(complaints))


def _leads_out(folder: Path, root: Path) -> str | None:
    """The name of a file in a folder of catalogs that is a link out of the workspace, or None."""
    try:
        return next((f.name for f in folder.iterdir() if f.is_symlink() and not f.resolve().is_relative_to(root)), None) if folder.is_dir() else None
    except OSError:
        return None


def _unknown(file: Path, key: str) -> str:
    near = get_close_matches(key, _KEYS, 1)
    hint = f"did you mean {near[0]}?" if near else f"expected {' or '.join(_KEYS)}."
    return f"{file}: there is no setting {key[:60]}; {hint}"
