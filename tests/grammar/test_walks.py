"""Whatever is chosen among the legal steps, the flow parses, and the checker finds nothing that the choices rule out."""

from __future__ import annotations

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.format import render
from flowquill.grammar.forward import Forward
from flowquill.grammar.parse import parse
from tests.grammar.walks import walk

RULED_OUT = {"FQ001", "FQ002", "FQ003", "FQ004", "FQ006", "FQ007", "FQ008", "FQ009", "FQ010", "FQ011", "FQ017", "FQ018", "FQ022", "FQ023"}
CATALOG = load_catalog()
FORWARD = Forward(CATALOG)
CHUNK = 500


@pytest.mark.parametrize("chunk", range(20))
def test_ten_thousand_random_flows_are_sound_and_formatting_them_changes_nothing(chunk: int) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        source = walk(FORWARD, CATALOG, seed)
        parsed = parse(source)
        wrong = [d for d in check(parsed, CATALOG) if d.code in RULED_OUT]
        assert not wrong, f"seed {seed}: {wrong[0].code} {wrong[0].message}\n{source}"
        text = render(parsed.file.flows[0])
        again = parse(text)
        assert not again.errors
        assert again.file.flows[0] == parsed.file.flows[0], f"seed {seed}: formatting changed the tree\n{text}"
        assert render(again.file.flows[0]) == text, f"seed {seed}: formatting is not idempotent\n{text}"
