"""The command line's fixture, here as well."""

from tests.cli.conftest import run

__all__ = ["run"]
