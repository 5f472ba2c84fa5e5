"""A pair as a language model sees it: the prompt of the one template, and the answer it shall give."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flowquill.generation.mask import mask, mask_answer, mask_flow
from flowquill.generation.prompt import Prompt, build, public_texts
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.format import render
from flowquill.grammar.spelling import read, spell, spell_statements
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation.metrics import calls
from flowquill.training.model.encode import inserted, offset_of

Near = Callable[[Pair, Sequence[Operation]], Iterable[Operation]]
"""Operations that could be mistaken for those of a pair, nearest first. The second argument: the operations that its flow calls."""


class TargetError(Exception):
    """A pair that is no example: what is wrong, in one sentence."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One example: `prompt` and the `answer` to it, both masked where masking is on; `values`: what the placeholders stand for."""

    identity: str
    prompt: Prompt
    answer: str
    pair: Pair
    values: Mapping[str, str]


class Prompter:
    """Writes pairs as exchanges over a catalog. `tags`: the most operations a prompt offers, but those of the flow are always among them."""

    def __init__(self, catalog: Catalog, near: Near, *, tags: int = 8, masked: bool = True, seed: int = 1) -> None:
        self.catalog = catalog
        self._near = near
        self._tags = tags
        self._masked = masked
        self._seed = seed
        self._public = public_texts(catalog)

    def exchange(self, pair: Pair, turn: int = 0) -> Exchange:
        """`turn`: another draw of the operations beside the right ones. Raises TargetError, or Unreachable for a place in an empty block."""
        operations = self.operations(pair, random.Random(f"{self._seed}/{pair.id}/{turn}"))
        text, values = pair.text, {}
        if self._masked:
            shown = mask(pair.text, public=self._public)
            text, values = shown.text, dict(shown.values)
        context, cursor, values = self._context(pair, values)
        prompt = build(text, operations, flow=context, cursor=cursor)
        return Exchange(pair.id, prompt, answer(pair, self.catalog, values), pair, values)

    def _context(self, pair: Pair, values: dict[str, str]) -> tuple[str | None, int | None, dict[str, str]]:
        """The flow so far as it is shown, the cursor in it, and all placeholders given out."""
        if pair.context is None:
            return None, None, values
        source = render(pair.context)
        cursor = offset_of(source, pair.cursor) if pair.kind == "complete" else len(source)
        parts = [source[:cursor], source[cursor:]]
        if self._masked:
            # Each side of the cursor on its own, so that its place is known afterwards; values keep their placeholders.
            before = mask_flow(parts[0], values, public=self._public)
            after = mask_flow(parts[1], before.values, public=self._public)
            parts, values = [before.text, after.text], dict(after.values)
        return "".join(parts), len(parts[0]) if pair.kind == "complete" else None, values

    def operations(self, pair: Pair, rng: random.Random) -> list[Operation]:
        """The operations of the flow among others that read alike: at times few, at times `tags`, in no order that tells them apart."""
        right = self.called(pair)
        offered = list(right)
        wanted = rng.randint(min(len(right) + 1, self._tags), self._tags)
        known = {o.text for o in right}
        withheld = set(pair.withheld)
        for other in self._near(pair, right):
            if len(offered) >= wanted:
                break
            if other.text not in known and other.connector not in withheld:
                known.add(other.text)
                offered.append(other)
        rng.shuffle(offered)
        return offered

    def called(self, pair: Pair) -> list[Operation]:
        """The operations of a pair's flow, each once. Raises TargetError for one that the catalog lacks."""
        found: dict[str, Operation] = {}
        for name in calls(pair.flow):
            if name in ("manual", "todo", "refuse"):
                continue
            connector, _, operation = name.rpartition(".")
            known = self.catalog.find(connector or None, operation)
            if known is None:
                raise TargetError(f"{name} is no operation of the catalog; name the catalog that has it.")
            found[name] = known
        return list(found.values())


def answer(pair: Pair, catalog: Catalog, values: Mapping[str, str]) -> str:
    """What the model shall write, in the one spelling: the flow, or the statements of a completion. Raises TargetError where it does not parse."""
    flow = mask_answer(pair.flow, values) if values else pair.flow
    keep = bound(pair.context) if pair.context is not None else frozenset()
    if pair.kind == "complete":
        assert pair.context is not None
        masked = Pair(pair.id, pair.kind, pair.text, flow, pair.context, pair.cursor, (), ())
        written = spell_statements(inserted(masked), catalog, keep=keep)
    else:
        written = spell(flow, catalog, keep=keep)
    if errors := read(written).errors:
        raise TargetError(f"the answer does not parse ({errors[0].message}); mend the flow.")
    return written


def bound(flow: tree.Flow) -> frozenset[str]:
    """All names that a flow gives."""
    found = {t.name.text for t in flow.triggers if t.name is not None}
    for node in tree.walk(flow):
        match node:
            case tree.Call(name=tree.Name(text=text)) | tree.For(item=tree.Name(text=text)):
                found.add(text)
            case tree.Var(name=tree.Name(text=text)) | tree.Scope(name=tree.Name(text=text)):
                found.add(text)
            case _:
                pass
    return frozenset(found)


__all__ = ["Exchange", "Near", "Prompter", "TargetError", "answer", "bound"]
