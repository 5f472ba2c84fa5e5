"""The entry point: turns every failure into one sentence and an exit code.

An editor waits for the language server's first answer, so that command goes around the command line's own imports.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

_SERVER = (["lsp"], ["lsp", "--stdio"])
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Products of one vector with a small matrix, as the decoder's heads are, take twice the time on several threads of a busy machine."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process: 0 done, 1 a failure told in one sentence, 2 wrong usage, 130 interrupted."""
    for name in _ONE_THREAD:
        # Read when numpy is first imported; torch has threads of its own.
        os.environ.setdefault(name, "1")
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A text with lone surrogates (an argument that was no UTF-8) must not end in an encoding error.
            reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_run(sys.argv[1:] if arguments is None else list(arguments)))


def _run(arguments: list[str]) -> int:
    try:
        if arguments in _SERVER:
            from flowquill.server.main import serve

            serve(None)
            return 0
        from flowquill.cli.commands import run

        return run(arguments)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away (as `| head` does); nothing is wrong and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    if os.environ.get("FLOWQUILL_DEBUG") == "1":
        import traceback

        traceback.print_exc()
        return 1
    from flowquill.cli.errors import plain

    print(f"flowquill: {plain(_sentence(error))}", file=sys.stderr)
    return 1


def _sentence(error: Exception) -> str:
    from flowquill.cli.errors import CommandError
    from flowquill.grammar.catalog import CatalogError

    if isinstance(error, CommandError | CatalogError):
        return " ".join(str(error).split())
    from flowquill.generation.request import Cancelled, GenerationError

    if isinstance(error, GenerationError):
        return " ".join(str(error).split())
    if isinstance(error, Cancelled):
        return "The request was cancelled."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; close other programs or give a smaller input."
    if isinstance(error, RecursionError):
        return "This is nested too deep to be read; move the inner part to a flow of its own."
    if isinstance(error, OSError):
        name = f" ({error.filename})" if error.filename else ""
        return f"The system says: {error.strerror or error}{name}; check the path and your rights to it."
    kind = type(error).__name__
    return f"This should not have happened ({kind}: {' '.join(str(error).split())[:200]}); set FLOWQUILL_DEBUG=1 to see the trace and report it."


if __name__ == "__main__":
    main()
