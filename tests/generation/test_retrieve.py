"""Retrieval finds operations clause by clause."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from flowquill.generation.prompt import CURSOR, Example, build, tag
from flowquill.generation.retrieve import Retriever, Vectors, clauses
from flowquill.grammar.catalog import Catalog


def bag_of_words(texts: Sequence[str]) -> Vectors:
    """Hashed words: no understanding, but the same word is near itself."""
    rows = np.zeros((len(texts), 512), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().replace(".", " ").replace(":", " ").split():
            row[sum(word.encode()) * 31 % 512] += 1
    return rows


def test_clauses_split_at_joints_and_keep_the_whole() -> None:
    found = clauses("When a file is added, start an approval and then post the outcome. Otherwise mail me")
    assert found[:3] == ("When a file is added", "start an approval", "post the outcome")
    assert found[-1].startswith("When a file is added, start")
    assert clauses("mail me") == ("mail me",)


def test_the_nearest_operations_come_first(catalog: Catalog) -> None:
    retriever = Retriever(catalog, bag_of_words)
    operation = next(o for o in catalog.operations() if o.connector)
    found = retriever.search(f"{operation.title}. {operation.summary}", limit=5)
    assert operation.text in [f.operation.text for f in found]
    assert len(found) == 5
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)


def test_vectors_must_match_the_catalog(catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="embed the catalog again"):
        Retriever(catalog, bag_of_words, np.ones((3, 512), dtype=np.float32))


def test_the_prompt_holds_tags_examples_flow_and_request_in_order(catalog: Catalog) -> None:
    http = catalog.builtins["http"]
    prompt = build("fetch the page", [http], examples=[Example("say hi", "flow a { }")], flow="flow b { }", cursor=8)
    assert tag(http).startswith("response = http(method: ")
    places = [prompt.user.index(part) for part in (tag(http), "say hi", f"flow b {{{CURSOR} }}", "fetch the page")]
    assert places == sorted(places)
    assert prompt.text.rstrip().endswith("Flow:")
