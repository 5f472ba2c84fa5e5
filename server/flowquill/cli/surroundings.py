"""What the doctor looks at around Flowquill: folders, the workspace file, engines that a person configured, saved registries and indexes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from flowquill.cli.files import own_folder
from flowquill.cli.finding import Finding, told

if TYPE_CHECKING:
    from flowquill.generation.engines.settings import EngineSettings

NEWER = "update flowquill, or keep the version that wrote it"


def workspace() -> Iterator[Finding]:
    """The workspace file of the working folder."""
    from flowquill.grammar.catalog.workspace import NAME, find_workspace, read_workspace

    file = find_workspace(Path.cwd())
    if file is None:
        yield Finding("workspace", "ok", f"no {NAME} here or above; the connectors that ship are used")
        return
    found = read_workspace(file)
    for sentence in (*found.errors, *found.complaints):
        yield told("workspace", sentence)
    absent = [c for c in found.catalogs if not c.exists()]
    for catalog in absent:
        yield Finding("workspace", "wrong", f"{file} names {catalog}, which is not there", "correct the path")
    if not (found.errors or found.complaints or absent):
        yield Finding("workspace", "ok", f"{file}, catalogs: {len(found.catalogs)}")


def folders() -> Iterator[Finding]:
    """Where things are written: a person's own folder, the registry of tenants, temporary files."""
    set_by_hand = os.environ.get("FLOWQUILL_TENANTS")
    yield _writable("own folder", own_folder(), needed=False)
    if set_by_hand:
        yield _writable("registry folder", Path(set_by_hand), needed=True)
    try:
        yield _writable("temporary files", Path(tempfile.gettempdir()), needed=True)
    except FileNotFoundError:
        yield Finding("temporary files", "wrong", "no folder for temporary files can be written", "set TMPDIR to one that can")


def _writable(name: str, folder: Path, *, needed: bool) -> Finding:
    """Whether a folder, or the nearest one above it that is there, takes a file. Leaves nothing behind."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return Finding(name, "wrong", f"{place} is no folder", f"remove the file, or give another folder than {folder}")
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x" * 4096)
    except OSError as error:
        mend = "check your rights to it and the room on its disk" if needed else "needed only to train adapters for tenants; set FLOWQUILL_TENANTS to a folder that can be written"
        return Finding(name, "wrong" if needed else "missing", f"{folder} cannot be written ({error.strerror or error})", mend)
    return Finding(name, "ok", f"{folder}{'' if folder.exists() else ', made when needed'}, can be written")


def engines() -> Iterator[Finding]:
    """The configuration file, and whether what it names is there and answers."""
    from flowquill.generation.engines.settings import read_settings, user_file
    from flowquill.generation.request import GenerationError

    try:
        file = user_file()
        settings = read_settings()
    except (GenerationError, RuntimeError) as error:
        yield told("configuration", str(error))
        return
    kinds = tuple(dict.fromkeys((settings.engine, *settings.fallback)))
    yield Finding("configuration", "ok", f"{file if file.is_file() else f'none at {file}'}; engine: {', then '.join(kinds)}")
    others = [k for k in kinds if k != "embedded"]
    if not others:
        if given := os.environ.get("FLOWQUILL_VLLM"):
            yield _vllm(settings, f"FLOWQUILL_VLLM={given}")
        return
    lacking = [n for n in ("httpx", "faiss") if find_spec(n) is None]
    if lacking:
        yield Finding("engine packages", "wrong", f"without {' and '.join(lacking)}", "run: pip install 'flowquill[remote]'")
    if "openai" in others and not settings.url:
        yield Finding("engine openai", "wrong", "has no address", f"write url under [engine] in {file}")
    if settings.url and "httpx" not in lacking:
        yield _answers(others[0], settings)
    if "vllm" in others and not settings.url:
        yield _vllm(settings, "engine vllm")
        if not settings.model:
            yield Finding("engine vllm", "wrong", "has no model to serve", f"write model = FOLDER under [engine] in {file}")
        elif not Path(settings.model).is_dir():
            yield Finding("engine vllm", "wrong", f"its model {settings.model} is no folder", "correct the path")
        for adapter in settings.adapters:
            name, _, folder = adapter.partition("=")
            if not Path(folder).is_dir():
                yield Finding("engine vllm", "wrong", f"the adapter {name} is not at {folder or '?'}", "write it as NAME=FOLDER with its folder")
    if settings.examples:
        yield from index(Path(settings.examples))


def _answers(kind: str, settings: EngineSettings) -> Finding:
    from time import perf_counter

    from flowquill.generation.engines.local import RemoteServer
    from flowquill.generation.request import GenerationError

    server = RemoteServer(settings)
    began = perf_counter()
    try:
        models = server.wire(lambda: False, 5.0).models(within=5.0)
    except GenerationError as error:
        return told(f"engine {kind}", str(error))
    finally:
        server.close()
    wanted = settings.adapter or settings.model
    if wanted and wanted not in models:
        return Finding(f"engine {kind}", "wrong", f"{settings.url} has no model {wanted}; it has {', '.join(models[:5]) or 'none'}", "correct the name under [engine]")
    return Finding(f"engine {kind}", "ok", f"{settings.url} answers in {(perf_counter() - began) * 1000:.0f} ms; models: {', '.join(models[:5]) or 'none'}")


def _vllm(settings: EngineSettings, name: str) -> Finding:
    from flowquill.generation.engines.local import find_vllm
    from flowquill.generation.request import GenerationError

    try:
        return Finding(name, "ok", f"the program {find_vllm(settings)}")
    except GenerationError as error:
        return told(name, str(error))


def index(folder: Path) -> Iterator[Finding]:
    """The examples of a folder and the format of the index beside them."""
    from flowquill.generation.examples import FORMAT

    source, manifest = folder / "examples.jsonl", folder / "examples.json"
    if not source.is_file():
        yield Finding("examples", "wrong", f"there is no {source}", "correct examples under [engine], or leave it out")
        return
    found = _format(manifest) if manifest.is_file() else None
    if isinstance(found, int) and found > FORMAT:
        yield Finding("examples", "wrong", f"{manifest} is of format {found} and this version reads {FORMAT}", NEWER)
    elif found is None or found != FORMAT:
        yield Finding("examples", "ok", f"{source}; the index is made {'anew ' if manifest.is_file() else ''}when it is first used")
    else:
        yield Finding("examples", "ok", f"{source} with an index of format {FORMAT}")


def registries() -> Iterator[Finding]:
    """The saved adapters of tenants: each version's card and each tenant's aliases, and whether this version reads their format."""
    from flowquill.gateway.registry import CARD, FORMAT

    root = Path(os.environ.get("FLOWQUILL_TENANTS") or own_folder() / "tenants")
    try:
        tenants = sorted(f for f in root.iterdir() if (f / "versions").is_dir()) if root.is_dir() else []
        files = [(f, c) for f in tenants for c in (f / "aliases.json", *sorted((f / "versions").glob(f"*/{CARD}"))) if c.is_file()]
    except OSError as error:
        yield Finding("registry", "wrong", f"{root} cannot be read ({error.strerror or error})", "check your rights to it")
        return
    if not tenants:
        yield Finding("registry", "ok", f"no adapters of tenants at {root}")
        return
    wrong = 0
    for tenant, file in files:
        found = _format(file)
        if found == FORMAT:
            continue
        wrong += 1
        if found is None:
            yield Finding("registry", "wrong", f"{file} is damaged", f"run: flowquill train rollback --name {tenant.name}")
        elif isinstance(found, int) and found > FORMAT:
            yield Finding("registry", "wrong", f"{file} is of format {found} and this version reads {FORMAT}", NEWER)
        else:
            yield Finding("registry", "wrong", f"{file} is of format {found} and this version reads {FORMAT}", f"train the tenant {tenant.name} again")
    if not wrong:
        versions = sum(file.name == CARD for _, file in files)
        yield Finding("registry", "ok", f"tenants: {len(tenants)}, versions: {versions}, format {FORMAT}, at {root}")


def _format(file: Path) -> object:
    """The format that a file of JSON names; None where it cannot be read or names none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found.get("format") if isinstance(found, dict) else None
