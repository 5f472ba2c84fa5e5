"""A tenant's examples: pairs from a file, or its own workflows with requests written for them; personal data replaced, doubles left out, a test held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import render
from flowquill.training.data.handwritten import PairError, pair_of, read_pairs
from flowquill.training.data.manifest import Alike, leaks
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation.metrics import calls
from flowquill.training.privacy.replace import Replacer
from flowquill.training.tenant.describe import describe
from flowquill.training.tenant.errors import TenantError

LEAST = 16
TEST_SHARE = 0.25
Describe = Callable[[tree.Flow, Catalog], str]


@dataclass(frozen=True, slots=True)
class Examples:
    """What an adapter learns from and is judged by. `left_out`: a sentence for each example that cannot be used."""

    train: tuple[Pair, ...]
    test: tuple[Pair, ...]
    left_out: tuple[str, ...] = ()
    replaced: tuple[tuple[str, int], ...] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of both parts, over the words of requests and flows."""
        return {"train": digest(self.train), "test": digest(self.test)}


def read(source: Path, catalog: Catalog, say: Describe = describe) -> tuple[list[Pair], list[str]]:
    """The examples of a file of pairs (JSON lines) or of a folder or file of workflows, and a sentence for each that cannot be used.

    Raises TenantError where there is nothing to read.
    """
    if not source.exists():
        raise TenantError(f"There is no file or folder {source}; give pairs as JSON lines, or a folder of workflows.")
    if source.suffix == ".jsonl":
        found = list(read_pairs(source, catalog))
        return [p for p in found if isinstance(p, Pair)], [str(p) for p in found if isinstance(p, PairError)]
    return _workflows(source, catalog, say)


def _workflows(source: Path, catalog: Catalog, say: Describe) -> tuple[list[Pair], list[str]]:
    from flowquill.grammar.parse import parse
    from flowquill.grammar.wdl.containers import Unread, candidates
    from flowquill.grammar.wdl.containers import read as opened
    from flowquill.grammar.wdl.decompile import decompile
    from flowquill.grammar.wdl.model import WdlError
    from flowquill.grammar.wdl.shelves import UnfitFile

    flows: list[tuple[str, tree.Flow]] = []
    problems: list[str] = []
    texts = sorted(source.rglob("*.flow")) if source.is_dir() else [source] if source.suffix == ".flow" else []
    for file in texts:
        parsed = parse(file.read_text(encoding="utf-8-sig"))
        if parsed.errors:
            problems.append(f"{file.name}: the flow does not parse: {parsed.errors[0].message}")
        flows += [(file.name, f) for f in parsed.file.flows] if not parsed.errors else []
    try:
        files = candidates(source) if source.suffix != ".flow" else ()
    except UnfitFile as error:
        raise TenantError(f"{source} cannot be read: {error}.") from None
    for file in files:
        for one in opened(file, alone=not source.is_dir()):
            if isinstance(one, Unread):
                problems.append(f"{one.source}: cannot be read: {one.reason}.")
                continue
            try:
                flows.append((one.source, decompile(one.definition, catalog, one.title, one.connections).flow))
            except WdlError as error:
                problems.append(f"{one.source}: cannot be turned into a flow: {error}")
    pairs: list[Pair] = []
    for name, flow in flows:
        # The description becomes the request; it is no part of what is to be written.
        entry = {"text": say(flow, catalog), "flow": render(replace(flow, description=None))}
        try:
            pairs.append(replace(pair_of(entry, catalog, f"workflow-{len(pairs) + 1}"), tags=("workflow",)))
        except PairError as error:
            problems.append(f"{name}: {error}")
    return pairs, problems


def prepare(pairs: Sequence[Pair], catalog: Catalog, test: Sequence[Pair] | None, scrub: Replacer | None, problems: Sequence[str] = ()) -> Examples:
    """Examples ready for training: without personal data (where `scrub` is given), without doubles, and with a held-out test.

    Where no `test` is given, a quarter is held out, requests that read alike always together. A test pair that reads like one to learn from is an
    error, since it would measure memory. Raises TenantError.
    """
    left_out = list(problems)
    learn, judge = list(pairs), list(test) if test is not None else None
    if scrub is not None:
        learn = [scrubbed(p, catalog, scrub) for p in learn]
        judge = None if judge is None else [scrubbed(p, catalog, scrub) for p in judge]
    learn, doubles = _without_doubles(learn)
    if doubles:
        left_out.append(f"{doubles} examples that read like another one were left out.")
    if judge is None:
        learn, judge = hold_out(learn)
    if leaked := list(leaks([p.text for p in learn], [p.text for p in judge])):
        raise TenantError(f"{len(leaked)} test pairs read like one to learn from (the first: {leaked[0][1][:80]!r}); take them out of one of the two files.")
    if len(learn) < LEAST or len(judge) < LEAST:
        why = f" {left_out[0]}" if left_out else ""
        raise TenantError(f"There are {len(learn)} examples to learn from and {len(judge)} to test with, and {LEAST} of each are needed at least; give more.{why}")
    replaced = tuple(sorted(scrub.found.items())) if scrub else ()
    return Examples(tuple(learn), tuple(judge), tuple(left_out), replaced)


def scrubbed(pair: Pair, catalog: Catalog, scrub: Replacer) -> Pair:
    """The pair with made-up values in place of personal data and secrets; the pair itself where its flow would no longer be one."""
    texts = [pair.text, render(pair.flow), *([render(pair.context)] if pair.context else [])]
    made = scrub.together(texts)
    if made == texts:
        return pair
    entry = {"text": made[0], "flow": made[1]} | ({"context": made[2]} if pair.context else {})
    try:
        return replace(pair_of(entry, catalog, pair.id), tags=pair.tags)
    except PairError as error:
        raise TenantError(f"Personal data in {pair.id} cannot be replaced without harm to its flow ({error}); mend the example.") from None


def _without_doubles(pairs: Sequence[Pair]) -> tuple[list[Pair], int]:
    seen: set[tuple[str, str]] = set()
    kept: list[Pair] = []
    for pair in pairs:
        key = (pair.text, render(pair.flow))
        if key not in seen:
            seen.add(key)
            kept.append(pair)
    return kept, len(pairs) - len(kept)


def hold_out(pairs: Sequence[Pair], share: float = TEST_SHARE) -> tuple[list[Pair], list[Pair]]:
    """Pairs to learn from and to test with; requests that read alike stay together. The same pairs give the same parts."""
    groups: dict[str, list[Pair]] = {}
    of: dict[str, str] = {}
    known = Alike()
    for pair in pairs:
        like = known.of(pair.text)
        of[pair.text] = of[like] if like is not None else pair.text
        groups.setdefault(of[pair.text], []).append(pair)
        known.add(pair.text)
    order = sorted(groups, key=lambda key: hashlib.sha256(key.encode()).digest())
    test: list[Pair] = []
    train: list[Pair] = []
    for key in order:
        (test if len(test) + len(groups[key]) <= share * len(pairs) else train).extend(groups[key])
    return train, test


def digest(pairs: Sequence[Pair]) -> str:
    """SHA-256 of the requests and flows, in their order."""
    found = hashlib.sha256()
    for pair in pairs:
        found.update(json.dumps([pair.text, render(pair.flow), render(pair.context) if pair.context else ""]).encode())
    return found.hexdigest()


def lines(pairs: Sequence[Pair]) -> str:
    """The pairs as JSON lines, as `read` takes them."""
    entries = [{"text": p.text, "flow": render(p.flow)} | ({"context": render(p.context)} if p.context else {}) for p in pairs]
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in entries)


def connectors(pairs: Sequence[Pair]) -> list[str]:
    """The connectors that the pairs call."""
    return sorted({c.split(".")[0] for p in pairs for c in calls(p.flow) if "." in c})
