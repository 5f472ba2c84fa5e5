"""`flowquill lsp`: the language server, over the standard streams or a TCP port."""

from __future__ import annotations

import click

from flowquill.cli.errors import CommandError


@click.command("lsp")
@click.option("--tcp", metavar="HOST:PORT", help="Listen there for one client instead of using the standard streams.")
@click.option("--stdio", is_flag=True, help="Use the standard streams (the default; editors pass it by habit).")
def command(tcp: str | None, stdio: bool) -> int:
    """Start the language server for an editor."""
    if tcp is not None and stdio:
        raise CommandError("--tcp and --stdio exclude each other; give one of them.")
    address = _address(tcp) if tcp is not None else None

    from flowquill.server.main import serve

    serve(address)
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) <= 65535:
        raise CommandError(f"{text} is no address; give HOST:PORT, as 127.0.0.1:2087.")
    return host.strip("[]") or "127.0.0.1", int(port)
