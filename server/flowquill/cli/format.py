"""`flowquill format`: files in the one style, written all or nothing."""

from __future__ import annotations

import click

from flowquill.cli.errors import CommandError, plain
from flowquill.cli.files import STDIN, read_text, write_text


@click.command("format")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; name the files that would change and exit with 1.")
def command(files: tuple[str, ...], only_check: bool) -> int:
    """Lay FILEs out in the one style. `-` reads the standard input and prints the result.

    A file that does not parse stays as it is and makes the exit code 1. Line ends stay as they are, LF or CRLF.
    """
    code = 0
    for file in files:
        try:
            changed = _format(file, only_check)
        except CommandError as error:
            click.echo(plain(f"flowquill: {error}"), err=True)
            code = 1
            continue
        if changed and only_check:
            click.echo(plain(f"{file} would be formatted"))
            code = 1
        elif changed and file != STDIN:
            click.echo(plain(f"{file} formatted"))
    return code


def _format(file: str, only_check: bool) -> bool:
    """Formats one file; whether it changed, or would."""
    from flowquill.grammar.format import FormatError, format_text

    text = read_text(file)
    windows = "\r\n" in text
    try:
        formatted = format_text(text.replace("\r\n", "\n"))
    except FormatError as error:
        raise CommandError(f"{file} is left as it is: {error}") from None
    if windows:
        formatted = formatted.replace("\n", "\r\n")
    if file == STDIN and not only_check:
        click.echo(formatted, nl=False)
    elif formatted != text and not only_check:
        write_text(file, formatted)
    return formatted != text
