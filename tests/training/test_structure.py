"""Shapes of flows and of Flow-Bench's Python subset."""

from __future__ import annotations

from flowquill.grammar.parse import parse
from flowquill.training.evaluation.structure import calls, context_of, of_flow, of_python

NAMES = {"X__1__get": "x.list_things", "Y__2__make": "y.make", "Z__1__drop": "z.drop"}
SOURCE = '''a = X__1__get()
for b in a:
  if b.c > 2:
    user_task("look")
  elif b.d == "old":
    Y__2__make()
  else:
    z = Z__1__drop()
'''


def test_shape_of_the_python_subset() -> None:
    inner = ("if", (("todo",),), (("if", (("call", "y.make"),), (("call", "z.drop"),)),))
    assert of_python(SOURCE, NAMES) == (("call", "x.list_things"), ("for", (inner,)))


def test_the_context_of_an_edit_has_the_same_shape() -> None:
    parsed = parse(context_of(SOURCE, NAMES))
    assert not parsed.errors
    assert of_flow(parsed.file.flows[0].body) == of_python(SOURCE, NAMES)


def test_calls_are_in_the_order_of_the_text() -> None:
    assert calls(of_python(SOURCE, NAMES)) == ("x.list_things", "todo", "y.make", "z.drop")


def test_a_switch_is_a_chain_of_conditions() -> None:
    flow = parse('flow a { on manual() switch "x" { case "p" { a.b() } case "q" { a.c() } default { a.d() } } }').file.flows[0]
    chain = parse('flow a { on manual() if true { a.b() } else if true { a.c() } else { a.d() } }').file.flows[0]
    assert of_flow(flow.body) == of_flow(chain.body)
