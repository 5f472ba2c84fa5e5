"""Texts made to keep patterns busy, given to what reads the texts of users, workspaces and catalogs. Each is run in a process of its own:

    python -m tests.security.pumped NAME
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.editors.programs import ROOT

SIZE = 50_000
_END = "\x01!"
_PUMPS = (
    "a", "A", "_", "-", "-a", "a-", "1", "1,", "1.", "1 ", "+1", "A-", "A1-", "aA1", "a.", "a@", "x@x.", "@", "%", "(", "[", "{", "{}", "{{a}", "@{", "@{{a}", "@{'", "$\"{", '$"', '\\"', '"', "'", '"a"',
    '$"{"', "“", "#", "#a", "# ", " ", "\t", "\n", "\n#", "http://", "://", "eyJ-", "password=", "-----BEGIN PRIVATE KEY-----", "AB12 ", "Dr. A", "Bo ", "5 pm ", "quarter ", "twenty ", "and then ",
    " and a", ", and ", "a__1", "a__1_1", "__", "catalogs = [", "['", "parameters('", "connections/", "managedApis',", "flow a {", "\\u", "```", "Request:\n", "/*", "//", "&a ", "<a ", "]]>",
)  # fmt: skip


def pumps(size: int = SIZE) -> Iterator[str]:
    """Each piece again and again, and then what fits nowhere."""
    for pump in _PUMPS:
        yield pump * (size // len(pump)) + _END


def give(read: Callable[[str], object], texts: Iterable[str]) -> None:
    """Refusals are answers; so is everything that comes at all."""
    for text in texts:
        print(repr(text[:20]), flush=True)
        try:
            read(text)
        except (TypeError, NameError, AttributeError):
            raise
        except Exception:
            continue


def guard() -> None:
    """Requests, as long as they may be; what NFKD makes of them is longer."""
    from flowquill.generation import guard

    give(lambda t: guard.refusal(guard.normalise(t)), pumps(guard.LIMIT - 2))
    give(lambda t: guard.refusal(guard.normalise(t)), (p.replace(_END, "") + " send a mail to bob and alice every day" for p in pumps(guard.LIMIT - 60)))
    give(guard.normalise, pumps())
    for letter in "\ufdfa\u3300\u0390ﬃ":
        give(lambda t: guard.refusal(guard.normalise(t)), [letter * guard.LIMIT, (letter * 100 + " ") * (guard.LIMIT // 101)])


def masking() -> None:
    """What hides values before they leave."""
    from flowquill.generation.mask import mask, mask_flow

    give(mask, pumps())
    give(mask_flow, pumps())
    give(mask_flow, ['flow a {\n  # ' + '\\"' * 190_000 + "\n}\n"])


def numbers() -> None:
    """Numbers in words and digits, of requests."""
    from flowquill.generation.guard import LIMIT
    from flowquill.generation.numbers import find_numbers
    from flowquill.generation.retrieve import clauses

    give(find_numbers, pumps(LIMIT))
    give(find_numbers, ["1" + " " * SIZE + "x", "1" * SIZE + "x", "at " * SIZE, "twenty-" * SIZE])
    give(clauses, pumps(LIMIT))


def privacy() -> None:
    """What finds personal data in the texts a tenant gives for training."""
    from flowquill.training.privacy.recognise import find

    give(find, pumps())


def lexer() -> None:
    """Flow files: reading, checking, formatting, the way back from a changed one."""
    from flowquill.grammar.catalog import load_catalog
    from flowquill.grammar.check import check
    from flowquill.grammar.format import format_text
    from flowquill.grammar.parse import comments_in, parse

    catalog = load_catalog()
    give(lambda t: check(parse(t), catalog), pumps())
    for place in ("flow a {\n  on manual()\n  %s\n  compose(value: 1)\n}\n", "flow a {\n  on manual()\n  @timeout %s\n  compose(value: 1)\n}\n", 'flow a {\n  on manual()\n  compose(value: "%s")\n}\n', "flow a {\n  on manual()\n  compose(%s)\n}\n"):
        give(lambda t: check(parse(t), catalog), (place % p for p in pumps()))
    give(comments_in, pumps())
    give(format_text, pumps())


def writing() -> None:
    """What the language server asks about a text before the cursor."""
    from flowquill.server.reading.cursor import in_comment, quoted

    give(quoted, pumps())
    give(quoted, ('$"{' + p for p in pumps()))
    give(in_comment, pumps())


def answers() -> None:
    """What a remote model answers."""
    from flowquill.generation.engines.answer import flow_of

    give(flow_of, pumps(SIZE // 5))


def workflows() -> None:
    """Definitions of Logic Apps and Power Automate: names, paths, expressions, connections."""
    from flowquill.grammar.catalog import load_catalog
    from flowquill.grammar.wdl.containers import api_name
    from flowquill.grammar.wdl.references import longest_expression

    give(longest_expression, pumps())
    give(api_name, pumps())
    with tempfile.TemporaryDirectory() as folder:
        own = {"name": "shop", "title": "Shop", "summary": "S", "operations": [{"name": "get", "title": "Get", "summary": "Get", "kind": "action", "id": "Get", "method": "get", "path": "/a" + "{b}" * 12 + "/end"}]}
        (Path(folder) / "shop.json").write_text(json.dumps(own))
        catalog = load_catalog([Path(folder) / "shop.json"])
        for pump in (*pumps(2000), "/a" + "b" * 300):
            give(lambda t: _decompiled(catalog, t), [pump])


def _decompiled(catalog: object, text: str) -> None:
    from flowquill.grammar.wdl.matching import match

    for path in (text, f"/a{text}", f"@{{{text}}}"):
        host = {"connection": {"name": "@parameters('$connections')['shop']['connectionId']"}}
        for connection in (host, {"connection": {"name": text}}):
            match({"type": "ApiConnection", "inputs": {"host": connection, "method": "get", "path": path}}, catalog, "action", "logicapps", {"shop": "shop"})  # type: ignore[arg-type]


def catalogs() -> None:
    """Descriptions of APIs, in JSON and YAML, in all their texts."""
    from flowquill.grammar.catalog import load_catalog

    with tempfile.TemporaryDirectory() as folder:
        for number, pump in enumerate(pumps(10_000)):
            operation = {"operationId": pump, "summary": pump, "description": pump, "parameters": [{"name": pump, "in": "query", "description": pump, "schema": {"type": "string", "pattern": "(a+)+$"}}], "responses": {"200": {"description": pump}}}
            paths = {"/" + pump: {"get": operation}, "/{connectionId}/" + pump: {"post": operation}, "/b" + pump: {"post": {**operation, "operationId": f"a{pump}"}}}
            file = Path(folder) / f"{number}.json"
            file.write_text(json.dumps({"openapi": "3.0.0", "info": {"title": pump, "version": pump}, "paths": paths}))
            give(lambda _, f=file: load_catalog([f], builtin=False), [pump])  # type: ignore[misc]
        for number, pump in enumerate(pumps()):
            file = Path(folder) / f"y{number}.yaml"
            plain = pump.replace("\x01", "").replace("\t", " ")
            quoted = "'" + plain.replace("'", "''") + "'"
            for said in (plain, quoted):
                file.write_text(f"openapi: 3.0.0\ninfo:\n  title: {said}\n  version: 1\npaths:\n  /a: {{get: {{operationId: {quoted}, summary: {quoted}, responses: {{}}}}}}\n", encoding="utf-8")
                give(lambda _, f=file: load_catalog([f], builtin=False), [pump])  # type: ignore[misc]
        for number, text in enumerate(("-" * SIZE, "0" * SIZE + "!", "." + "0" * SIZE + "e!", "1e" + "0" * SIZE + "!")):
            file = Path(folder) / f"n{number}.yaml"
            file.write_text(f"openapi: 3.0.0\ninfo: {{title: a, version: {text}}}\npaths: {{}}\n")
            give(lambda _, f=file: load_catalog([f], builtin=False), [text])  # type: ignore[misc]


def lists() -> None:
    """Lists of connectors, whose operations are found by their ids."""
    from flowquill.grammar.catalog.importing.lists import _parts
    from flowquill.grammar.catalog.importing.names import words

    give(_parts, (*pumps(), "a__1" * (SIZE // 4) + "\n!", "a" + "__" + "1_" * SIZE, "a" + "__1__" * (SIZE // 5) + "\n"))
    give(words, pumps())


def simulated() -> None:
    """Texts that a dry run converts: numbers, times, spans, XML, addresses."""
    from flowquill.grammar.simulate import markup, moments, numerals
    from flowquill.grammar.simulate.conversions import _from_data_uri
    from flowquill.grammar.simulate.locales import locale as locale_of

    locale = locale_of("en-US")
    for text in (*pumps(), "1" * SIZE + "x", "P" + "1" * SIZE, "2024-01-01" + " " * SIZE + "x", "1/1/2024" + " ," * SIZE, "data:" + ";base64" * (SIZE // 7), "<?xml version='1" + "a" * SIZE):
        give(lambda t: numerals.read(t, locale), [text])
        give(lambda t: moments.read(t, locale), [text])
        give(moments.duration, [text])
        give(_from_data_uri, [text])
        give(markup.as_json, [text])
        give(lambda t: moments.read_exactly("1" * 60 + "x", t, locale), [text[:200]])
    for form in ("d%" * 40, "dM" * 20, "hmsd" * 10, "F%" * 40, "y%" * 30, "tt%" * 30, "z%" * 30):
        give(lambda t: moments.read_exactly("1" * 60 + "x", t, locale), [form])
        give(lambda t: moments.read_exactly("AM" * 30 + "x", t, locale), [form])


def patterns() -> None:
    """Every pattern of the sources, by itself, on short texts: none may take more than their length's cube."""
    for where, pattern in _all_patterns():
        for text in pumps(400):
            print(where, repr(text[:20]), flush=True)
            for _ in pattern.finditer(text):
                pass


def _all_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for room, part in (("grammar", ""), ("server", ""), ("training", "training/privacy"), ("training", "training/tenant")):
        for file in sorted((ROOT / room / "flowquill" / part).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                    with contextlib.suppress(re.error):
                        yield f"{file}:{node.lineno}", re.compile(node.args[0].value)
            name = str(file.relative_to(ROOT / room).with_suffix("")).replace("/", ".").removesuffix(".__init__")
            if file.name == "__main__.py" or "re.compile" not in file.read_text(encoding="utf-8"):
                continue
            for key, value in vars(importlib.import_module(name)).items():
                yield from ((f"{name}.{key}", p) for p in _within(value))


def _within(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _within(one)


READERS = {f.__name__: f for f in (guard, masking, numbers, privacy, lexer, writing, answers, workflows, catalogs, lists, simulated, patterns)}

if __name__ == "__main__":
    READERS[sys.argv[1]]()
    print("all came to an end", flush=True)
