"""The tokenizer of the encoder: BERT's uncased WordPiece, with the place of every token in the text.

The package tokenizers does the same, and a test holds the two together; it brings a hub client of 30 MB that nothing here needs.
Rules: Devlin et al. 2019, https://github.com/google-research/bert, tokenization.py.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LONGEST_WORD = 100
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """Token ids and, for each, the code point offsets [start, end) of what it stands for."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


class WordPiece:
    """Splits texts into the pieces of a vocabulary. Words of special tokens, as [CLS], are plain text here."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self.vocabulary = vocabulary
        self.unknown = vocabulary["[UNK]"]
        self._pieces = lru_cache(maxsize=20_000)(self._split)

    @classmethod
    def load(cls, file: Path) -> WordPiece:
        """Reads a tokenizer.json of the WordPiece kind. Raises OSError, ValueError and KeyError where it is none."""
        return cls(json.loads(file.read_text(encoding="utf-8"))["model"]["vocab"])

    def token_to_id(self, token: str) -> int:
        """The id of a token of the vocabulary. Raises KeyError."""
        return self.vocabulary[token]

    def encode(self, text: str) -> Encoding:
        """The tokens of a text, without special ones."""
        ids: list[int] = []
        offsets: list[tuple[int, int]] = []
        for word, places in _words(text):
            for identity, first, last in self._pieces(word):
                ids.append(identity)
                offsets.append((places[first][0], places[last - 1][1]))
        return Encoding(tuple(ids), tuple(offsets))

    def enclosed(self, text: str, most: int) -> list[int]:
        """At most `most` ids with [CLS] in front and [SEP] behind, as sentence vectors are made from."""
        return [self.vocabulary["[CLS]"], *self.encode(text).ids, self.vocabulary["[SEP]"]][:most]

    def _split(self, word: str) -> tuple[tuple[int, int, int], ...]:
        """Longest pieces first: (id, first character, character behind the last); the unknown token where no pieces fit."""
        unknown = ((self.unknown, 0, len(word)),)
        if len(word) > LONGEST_WORD:
            return unknown
        pieces: list[tuple[int, int, int]] = []
        start = 0
        while start < len(word):
            end = len(word)
            while end > start:
                found = self.vocabulary.get(("##" if start else "") + word[start:end])
                if found is not None:
                    break
                end -= 1
            if end == start:
                return unknown
            pieces.append((found, start, end))  # type: ignore[arg-type]
            start = end
        return tuple(pieces)


def _words(text: str) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Words and single punctuation marks in small letters without accents, with the place of each of their characters."""
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    for char, place in _plain(text):
        alone = _punctuation(char)
        if letters and (alone or char == " "):
            yield "".join(letters), places
            letters, places = [], []
        if alone:
            yield char, [place]
        elif char != " ":
            letters.append(char)
            places.append(place)
    if letters:
        yield "".join(letters), places


def _plain(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The characters that count, white space as a blank, each with its place; ideographs stand between blanks."""
    for index, char in enumerate(text):
        place = (index, index + 1)
        if "a" <= char <= "z":
            yield char, place
        elif char in "\t\n\r":
            yield " ", place
        elif char == "\ufffd" or unicodedata.category(char).startswith("C"):
            continue
        elif unicodedata.category(char).startswith("Z"):
            yield " ", place
        elif any(first <= ord(char) <= last for first, last in _CJK):
            yield from ((" ", place), *((c, place) for c in unicodedata.normalize("NFD", char).lower()), (" ", place))
        else:
            for part in unicodedata.normalize("NFD", char):
                if unicodedata.category(part) != "Mn":
                    yield from ((small, place) for small in part.lower())


def _punctuation(char: str) -> bool:
    code = ord(char)
    return (
        33 <= code <= 47
        or 58 <= code <= 64
        or 91 <= code <= 96
        or 123 <= code <= 126
        or unicodedata.category(char).startswith("P")
    )
