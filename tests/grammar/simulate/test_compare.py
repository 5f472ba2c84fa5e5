"""Whether two flows do the same."""

from __future__ import annotations

import pytest

from flowquill.grammar import tree
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.parse import parse
from flowquill.grammar.simulate import same_behaviour

CATALOG = load_catalog()
LOOP = '  on slack.file_shared(channel: "a") as f\n  found = http(method: "GET", uri: "u")\n  for o in found.body.orders {\n    if o.state == "open" {\n      slack.post_message(channel: "x", message: o.name)\n    }\n  }\n'
A, B = 'slack.post_message(channel: "a", message: "1")', 'slack.post_message(channel: "b", message: "2")'


def flow(body: str) -> tree.Flow:
    parsed = parse(f"flow a {{\n{body}}}\n")
    assert not parsed.errors, parsed.errors[0].message
    return parsed.file.flows[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (LOOP, LOOP.replace("found", "answer").replace("o.", "order.").replace("for o ", "for order "), True),
        (LOOP, LOOP.replace('"open"', '"closed"'), False),
        (LOOP, LOOP.replace("o.name", "o.id"), False),
        (LOOP, LOOP.replace('o.state == "open"', 'not (o.state != "open")'), True),
        (f"  on manual()\n  {A}\n  {B}\n", f"  on manual()\n  {B}\n  {A}\n", False),
        (f"  on manual()\n  parallel {{ branch {{ {A} }} branch {{ {B} }} }}\n", f"  on manual()\n  parallel {{ branch {{ {B} }} branch {{ {A} }} }}\n", True),
        (f"  on manual()\n  {A}\n", f"  on manual()\n  x = compose(value: 1)\n  {A}\n", True),
        (f"  on manual()\n  try {{ {A} }} catch {{ {B} }}\n", f"  on manual()\n  {A}\n", False),
        (f"  on manual()\n  try {{ {A} }} catch {{ {B} }}\n", f"  on manual()\n  one: {A}\n  after one failed, timed_out: {B}\n", True),
        (f"  on manual()\n  {A}\n", f'  on slack.file_shared(channel: "a")\n  {A}\n', False),
        ('  on manual(n: integer) as r\n  if r.n > 5 { ' + A + ' }\n', '  on manual(n: integer) as r\n  if r.n >= 5 { ' + A + ' }\n', False),
    ],
)
def test_flows_are_told_apart_by_what_they_do(one: str, other: str, same: bool) -> None:
    for a, b in ((one, other), (other, one)):
        found = same_behaviour(flow(a), flow(b), CATALOG, worlds=8)
        assert found.same == same, found
        assert bool(found.difference) != same
