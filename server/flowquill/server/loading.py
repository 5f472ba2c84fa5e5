"""Loads what is heavy behind the editor's back: first grammar and catalog, then the model. Each ends as a future."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowquill.generation.pipeline import Generator
    from flowquill.grammar.catalog import Catalog
    from flowquill.grammar.catalog.workspace import Workspace

log = logging.getLogger(__name__)


GHOST_TEXT = ("automatic", "manual", "off")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a client may set that loads nothing anew. `ghost_text`: one of GHOST_TEXT; `alternatives`: flows offered when asked by hand."""

    ghost_text: str = "automatic"
    alternatives: int = 3
    code_lens: bool = True

    @classmethod
    def read(cls, given: dict[str, object]) -> tuple[Preferences, list[str]]:
        """Preferences from a client's object, with a sentence for each value that cannot be used (its default is taken)."""
        complaints = []
        ghost_text, alternatives, code_lens = given.get("ghostText", "automatic"), given.get("alternatives", 3), given.get("codeLens", True)
        if ghost_text not in GHOST_TEXT:
            ghost_text = "automatic"
            complaints.append("The setting flowquill.ghostText is none of automatic, manual and off; automatic is used.")
        if not isinstance(alternatives, int) or isinstance(alternatives, bool) or not 1 <= alternatives <= 5:
            alternatives = 3
            complaints.append("The setting flowquill.alternatives is no whole number from 1 to 5; 3 is used.")
        if not isinstance(code_lens, bool):
            code_lens = True
            complaints.append("The setting flowquill.codeLens is neither true nor false; true is used.")
        return cls(str(ghost_text), alternatives, code_lens), complaints


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client may set. `catalogs`: paths of connector files or folders; `model`: a model's folder, None: the package's; `engine`: what is
    said of language models, () where the embedded model answers.

    Settings are equal where they load the same; preferences take no part in it. `said` false: the client gave none at all.
    """

    catalogs: tuple[str, ...] = ()
    builtin: bool = True
    model: str | None = None
    engine: tuple[tuple[str, str], ...] = ()
    preferences: Preferences = field(default=Preferences(), compare=False)
    said: bool = field(default=True, compare=False)

    @classmethod
    def read(cls, given: object) -> tuple[Settings, list[str]]:
        """Settings from a client's object, with a sentence for each value that cannot be used (its default is taken)."""
        if isinstance(given, dict) and isinstance(given.get("flowquill"), dict):
            given = given["flowquill"]
        if not given:
            return cls(said=False), []
        if not isinstance(given, dict):
            return cls(), ["The settings of flowquill are no object; the defaults are used."]
        complaints = []
        catalogs, builtin, model = given.get("catalogs") or [], given.get("builtinCatalog", True), given.get("model") or None
        if isinstance(catalogs, str):
            catalogs = [catalogs]
        if not (isinstance(catalogs, list) and all(isinstance(c, str) for c in catalogs)):
            catalogs = []
            complaints.append("The setting flowquill.catalogs is no list of paths; no further catalog is used.")
        if not isinstance(builtin, bool):
            builtin = True
            complaints.append("The setting flowquill.builtinCatalog is neither true nor false; true is used.")
        if not (model is None or isinstance(model, str)):
            model = None
            complaints.append("The setting flowquill.model is no path of a folder; the model of the package is used.")
        preferences, more = Preferences.read(given)
        return cls(tuple(catalogs), builtin, model, _engine(given), preferences), complaints + more

    def over(self, workspace: Workspace, root: Path | None) -> Settings:
        """These settings put over those of a workspace file; relative paths start at `root`.

        A client's catalogs come after the workspace's and replace its connectors of the same name; the built-in ones are left
        out where either says so.
        """
        own = (str(root / c) if root is not None else c for c in self.catalogs)
        return Settings((*(str(c) for c in workspace.catalogs), *own), self.builtin and workspace.builtin, self.model, self.engine, self.preferences)


def _engine(given: dict[str, object]) -> tuple[tuple[str, str], ...]:
    """The settings of engines that a client gave; they are judged where the engine is opened. None of them comes from a workspace file."""
    names = {"engine": "engine", "engineUrl": "url", "engineModel": "model"}
    found = tuple((name, str(given[key])) for key, name in names.items() if given.get(key))
    return () if found in ((), (("engine", "embedded"),)) else found


@dataclass
class Loading:
    """One load under some settings. `catalog` and `generator` end with a value or with the reason why there is none.

    `changed` is called by the loading thread when either has ended.
    """

    settings: Settings
    changed: Callable[[], None] = lambda: None
    catalog: Future[Catalog] = field(default_factory=Future)
    generator: Future[Generator] = field(default_factory=Future)
    _started: bool = False
    _lock: Lock = field(default_factory=Lock)

    def start(self) -> None:
        """Begins in a thread of its own, once; later calls do nothing."""
        with self._lock:
            if self._started:
                return
            self._started = True
            # From here on nobody can cancel what others wait for.
            self.catalog.set_running_or_notify_cancel()
            self.generator.set_running_or_notify_cancel()
        Thread(target=self._run, name="flowquill-loading", daemon=True).start()

    def _run(self) -> None:
        try:
            from flowquill.grammar.catalog import load_catalog
            from flowquill.grammar.check import check
            from flowquill.grammar.parse import parse

            catalog = load_catalog([Path(p) for p in self.settings.catalogs], builtin=self.settings.builtin)
            check(parse(""), catalog)
        except BaseException as error:
            log.exception("loading the catalog failed")
            self.catalog.set_exception(error)
            self.generator.set_exception(error)
            self.changed()
            return
        self.catalog.set_result(catalog)
        self.changed()
        try:
            folder = Path(self.settings.model) if self.settings.model else None
            self.generator.set_result(self._open(catalog, folder))
        except BaseException as error:
            log.warning("loading the model failed: %s", error)
            self.generator.set_exception(_in_a_sentence(error))
        self.changed()
        give_back()

    def _open(self, catalog: Catalog, folder: Path | None) -> Generator:
        if self.settings.engine:
            from flowquill.generation.engines.opening import for_client

            return for_client(catalog, folder, dict(self.settings.engine))
        from flowquill.generation import pipeline

        return pipeline.open_generator(catalog, folder)

    def close(self) -> None:
        """Ends what the engines hold (connections, a vLLM of our own) once nothing loads any more."""
        self.generator.add_done_callback(_close)


def _in_a_sentence(error: BaseException) -> BaseException:
    """What loading a model ended with, for a person: libraries speak in many lines, or, as where memory runs out, say nothing."""
    from flowquill.generation.request import GenerationError

    if isinstance(error, GenerationError):
        return error
    said = " ".join(str(error).split())[:200]
    return GenerationError(f"The model could not be loaded ({type(error).__name__}{f': {said}' if said else ''}); free some memory or install flowquill again, then start the language server anew.")


def give_back() -> None:
    """Gives memory that loading needed for a while back to the system, where the C library keeps it otherwise and can be told (glibc).

    Of a server with the model loaded that is a quarter.
    """
    import ctypes

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        log.debug("this C library gives memory back by itself, or not at all")


def _close(done: Future[Generator]) -> None:
    if done.cancelled() or done.exception() is not None:
        return
    close = getattr(done.result().engine, "close", None)
    if close is not None:
        Thread(target=close, name="flowquill-closing", daemon=True).start()
