"""The sampler: pairs of a request and its flow, without end, the same for the same seed."""

from __future__ import annotations

import random

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.training.data.banks import Banks, Split, held_out
from flowquill.training.data.completions import completion
from flowquill.training.data.draft import KEY, Draft
from flowquill.training.data.edits import Editor
from flowquill.training.data.naming import named
from flowquill.training.data.nodes import block
from flowquill.training.data.noise import Noise
from flowquill.training.data.pairs import Kind, Pair
from flowquill.training.data.planner import Planner, Stock
from flowquill.training.data.realise import Realiser
from flowquill.training.data.referents import Places
from flowquill.training.data.refusals import refusal

_PLAIN_KINDS: tuple[tuple[Kind, float], ...] = (("create", 0.51), ("complete", 0.05), ("edit", 0.43), ("refuse", 0.01))
COMPOSITIONS_HELD_OUT = 0.2
PUBLIC = 0.7
_KINDS: tuple[tuple[Kind, float], ...] = (("create", 0.63), ("complete", 0.10), ("edit", 0.24), ("refuse", 0.03))


class Sampler:
    """Pairs for one split. `sample()` gives the next; the sequence depends on the arguments only. `kinds`: the share of each.

    `plain`: the catalog knows one line of each operation (`data.plain`), and requests are as short.
    """

    def __init__(
        self, catalog: Catalog, banks: Banks, seed: int, split: Split, kinds: tuple[tuple[Kind, float], ...] = (), plain: bool = False
    ) -> None:
        self.plain = plain
        self.kinds = kinds or (_PLAIN_KINDS if plain else _KINDS)
        self.catalog = catalog
        self.split = split
        self.banks = banks.of(split)
        self._stock = Stock(self.banks)
        self._places = Places(self.banks)
        self._seed = seed
        self._number = 0

    def sample(self) -> Pair:
        """The next pair."""
        while True:
            self._number += 1
            rng = random.Random(f"{self._seed}/{self.split}/{self._number}")
            pair = self._attempt(rng, f"{self.split}-{self._seed}-{self._number}")
            if pair is not None:
                return pair

    def draft(self, rng: random.Random) -> Draft:
        """An empty draft."""
        return Draft(rng, self.banks, self.catalog, self._places, plain=self.plain)

    def _planner(self, draft: Draft) -> Planner:
        public = bool(self._stock.public_actions) and (self.plain or draft.rng.random() < PUBLIC)
        return Planner(draft, self._stock, public, self.plain)

    def _attempt(self, rng: random.Random, identity: str) -> Pair | None:
        match rng.choices([k for k, _ in self.kinds], [share for _, share in self.kinds])[0]:
            case "create":
                return self.create(rng, identity)
            case "edit":
                return self.edit(rng, identity)
            case "complete":
                return self.complete(rng, identity)
            case _:
                return checked(refusal(self.draft(rng), identity))

    def create(self, rng: random.Random, identity: str) -> Pair | None:
        """A new flow; None where the draw does not work out or belongs to the other split."""
        draft = self.draft(rng)
        planner = self._planner(draft)
        style = rng.choices(("prose", "list", "terse"), (0.78, 0.12, 0.10))[0]
        draft.terse = style == "terse"
        start = planner.start()
        nodes = planner.block(planner.length())
        if not nodes or not self.mine(draft):
            return None
        realiser = Realiser(draft)
        text = {"prose": realiser.prose, "list": realiser.listed, "terse": realiser.terse}[style](start, nodes)
        text = Noise(draft).apply(text)
        flow = tree.Flow(tree.Name(f"{KEY}flow"), None, (start.trigger,), block(nodes))
        said, mentions, spans = draft.ledger.finish(text)
        flow = named(flow, self.catalog, spans)
        return checked(Pair(identity, "create", said, flow, None, (), mentions, tuple(draft.tags), tuple(draft.withheld)))

    def edit(self, rng: random.Random, identity: str) -> Pair | None:
        """A change to a flow."""
        draft = self.draft(rng)
        planner = self._planner(draft)
        planner.withhold = False
        pair = Editor(draft, planner).pair(identity)
        return None if pair is None or not self.mine(draft) else checked(pair)

    def complete(self, rng: random.Random, identity: str) -> Pair | None:
        """Statements inside a flow."""
        draft = self.draft(rng)
        planner = self._planner(draft)
        planner.withhold = False
        pair = completion(draft, planner, identity)
        return None if pair is None or not self.mine(draft) else checked(pair)

    def mine(self, draft: Draft) -> bool:
        """Whether the composition of operations belongs to this split. Single steps belong to both."""
        if len(draft.operations) < 2:
            return True
        composition = " ".join(o.text for o in draft.operations[:3])
        return held_out(composition, COMPOSITIONS_HELD_OUT, "composition") == (self.split == "test")


def checked(pair: Pair) -> Pair | None:
    """The pair, if every value stands in its text as whole words and nothing unfinished is left."""
    text = pair.text
    for mention in pair.mentions:
        before, after = text[mention.start - 1 : mention.start], text[mention.end : mention.end + 1]
        if (before.isalnum() and text[mention.start].isalnum()) or (after.isalnum() and text[mention.end - 1].isalnum()):
            return None
    if "{" in text or "\ue000" in text or len(text) > 1200:
        return None
    return pair
