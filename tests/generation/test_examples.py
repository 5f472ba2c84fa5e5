"""The example index: near and unlike one another, kept between runs, made anew where the encoder or the examples changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("faiss")

from flowquill.generation.examples import ExampleIndex
from flowquill.generation.request import GenerationError
from flowquill.grammar.catalog import Catalog

FLOW = 'on manual()\ntodo "x"'


class Encoder:
    """Words hashed to places; counts the texts it embeds."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, texts: list[str]) -> np.ndarray:
        self.count += len(texts)
        rows = np.zeros((len(texts), 64), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[sum(word.encode()) % 64] += 1
        return rows


def write(folder: Path, *texts: str) -> None:
    (folder / "examples.jsonl").write_text("".join(json.dumps({"text": t, "flow": FLOW}) + "\n" for t in texts))


def test_the_nearest_come_first_and_twins_are_passed_over(tmp_path: Path, catalog: Catalog) -> None:
    write(tmp_path, "mail the boss now", "mail the boss now", "now mail the boss", "mail the boss tomorrow maybe", "water plants")
    index = ExampleIndex(tmp_path, catalog, Encoder(), "e1")
    assert len(index) == 4
    first, second = index.search("mail the boss", 2)
    assert set(first.text.split()) == {"mail", "the", "boss", "now"}
    assert second.text == "mail the boss tomorrow maybe"
    assert index.search("mail the boss", 0) == ()
    assert len(index.search("mail", 9)) == 4


def test_vectors_are_kept_and_only_what_is_new_is_embedded(tmp_path: Path, catalog: Catalog) -> None:
    write(tmp_path, "one two", "three four")
    first = Encoder()
    ExampleIndex(tmp_path, catalog, first, "e1")
    assert first.count == 2
    second = Encoder()
    index = ExampleIndex(tmp_path, catalog, second, "e1")
    assert second.count == 0
    index.add("five six", FLOW)
    assert second.count == 1
    assert index.search("five six", 1)[0].text == "five six"
    other = Encoder()
    ExampleIndex(tmp_path, catalog, other, "e2")
    assert other.count == 3


def test_what_another_program_adds_is_found(tmp_path: Path, catalog: Catalog) -> None:
    write(tmp_path, "one two")
    index = ExampleIndex(tmp_path, catalog, Encoder(), "e1")
    write(tmp_path, "one two", "seven eight nine")
    assert index.search("seven eight", 1)[0].text == "seven eight nine"


@pytest.mark.parametrize("damage", ["examples.json", "examples.faiss"])
def test_a_damaged_index_is_made_again(tmp_path: Path, catalog: Catalog, damage: str) -> None:
    write(tmp_path, "one two", "three four")
    ExampleIndex(tmp_path, catalog, Encoder(), "e1")
    (tmp_path / damage).write_bytes(b"\x00 damaged")
    assert ExampleIndex(tmp_path, catalog, Encoder(), "e1").search("three", 1)[0].text == "three four"


def test_lines_that_are_no_examples_are_one_sentence(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "examples.jsonl").write_text('{"text": 1}\n')
    with pytest.raises(GenerationError, match=r"Line 1 of .* is no example"):
        ExampleIndex(tmp_path, catalog, Encoder(), "e1")
    (tmp_path / "examples.jsonl").write_text(json.dumps({"text": "a", "flow": "if {"}) + "\n")
    with pytest.raises(GenerationError, match="does not parse"):
        ExampleIndex(tmp_path, catalog, Encoder(), "e1")
    with pytest.raises(GenerationError, match="cannot be read"):
        ExampleIndex(tmp_path / "nowhere", catalog, Encoder(), "e1")
