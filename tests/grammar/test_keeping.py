"""Edits: what stays of a flow is kept piece by piece, down to the heads of loops and conditions whose insides change."""

from __future__ import annotations

import pytest

from flowquill.generation.features import Trace, read, seen_pieces
from flowquill.generation.model_files import default_folder
from flowquill.generation.wordpiece import WordPiece
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.choices import Kept, Request, Step, Writer
from flowquill.grammar.forward import Forward
from flowquill.grammar.oracle import Oracle
from flowquill.grammar.parse import parse
from flowquill.grammar.pieces import pieces

FORWARD = Forward(load_catalog())
BEFORE = """flow f {
  on sharepoint.item_created(list: "Orders") as item
  people = office_users.search_users(query: "Ops")
  for person in people.users {
    if person.department == "Sales" {
      slack.post_message(channel: "sales", message: person.email)
      outlook.send_email(to: person.email)
    } else {
      teams.post_message(channel: "rest")
    }
  }
  switch item.title {
    case "A" {
      delay(count: 1, unit: "Hour")
    }
  }
}
"""


def flow_of(text: str):  # type: ignore[no-untyped-def]
    parsed = parse(text)
    assert not parsed.errors
    return parsed.file.flows[0]


def written(after: str, request: str) -> tuple[list[Step], str]:
    """The steps that lead from BEFORE to `after`, and the text they write."""
    oracle = Oracle(Writer.create(FORWARD, Request(request, (), pieces(BEFORE))))
    moves = oracle.run(oracle.flow(flow_of(after), flow_of(BEFORE)))
    return [m.step for m in moves], oracle.writer.source()


@pytest.mark.parametrize(
    ("old", "new", "request_text", "new_steps"),
    [
        ('      outlook.send_email(to: person.email)\n', "", "no mail", set()),
        ('      outlook.send_email(to: person.email)\n', '      outlook.send_email(to: person.email)\n      delay(unit: "Day")\n', "wait a day", {"call"}),
        ('      teams.post_message(channel: "rest")\n', '      slack.post_message(channel: "rest")\n', "rest in Slack", {"call"}),
        (' else {\n      teams.post_message(channel: "rest")\n    }', "", "drop the other branch", set()),
        ('    case "A" {\n      delay(count: 1, unit: "Hour")\n    }\n', '    case "A" {\n      delay(count: 1, unit: "Hour")\n    }\n    case "B" {\n      delay(unit: "Day")\n    }\n', "B waits a day", {"case", "call"}),
    ],
)  # fmt: skip
def test_what_stays_around_a_change_is_kept(old: str, new: str, request_text: str, new_steps: set[str]) -> None:
    assert old in BEFORE
    after = BEFORE.replace(old, new)
    steps, source = written(after, request_text)
    # Conditions, loops and switches are not chosen again, so nothing of them has to stand in the request.
    assert not {"if", "for", "switch"} & {s.kind for s in steps}
    assert {s.kind for s in steps} & {"call", "case"} == new_steps
    kept = [s.value.kind for s in steps if s.kind == "keep"]
    assert "head" in kept and kept[0] == "trigger"
    results = {s.name.text for s in flow_of(source).body if getattr(s, "name", None)}
    assert results == {"people"}
    assert 'person.department == "Sales"' in source


def test_a_head_that_is_kept_is_not_offered_again_but_what_is_in_it_is() -> None:
    writer = Writer.create(FORWARD, Request("x", (), pieces(BEFORE)))
    writer = writer.choose(Step("keep", next(k for k in writer.options().kept if k.kind == "trigger"))).settled()[0]
    first = [k for k in writer.options().kept if k.kind == "statement"]
    writer = writer.choose(Step("keep", first[0]))
    head = next(k for k in writer.options().kept if k.kind == "head" and k.tokens[0][0] == "FOR")
    inside = writer.choose(Step("keep", head))
    offered = inside.options().kept
    assert head not in offered and not any(k.start == head.start for k in offered)
    assert any(k.kind == "head" and k.tokens[0][0] == "IF" for k in offered)
    assert "for person in people.users {" in inside.source()


def test_the_next_piece_is_seen_whole_with_what_the_request_says_of_it() -> None:
    catalog = FORWARD.catalog
    request = "without the Slack message for sales"
    reading = read(WordPiece.load(default_folder() / "tokenizer.json"), request, BEFORE)
    kept = pieces(BEFORE)
    seen = seen_pieces(kept, reading, catalog)
    slack, teams = (next(k for k in kept if k.kind == "statement" and k.tokens[0][1] == name) for name in ("slack", "teams"))
    assert seen[slack].shared > seen[teams].shared
    assert seen[slack].place < seen[slack].last < seen[teams].place
    assert seen[slack].text.startswith(str(catalog.find("slack", "post_message").title))  # type: ignore[union-attr]
    writer = Writer.create(FORWARD, Request(request, (), kept))
    trace = Trace(reading, {}, {}, seen)
    trigger = next(k for k in kept if k.kind == "trigger")
    assert trace.ahead(writer.options()) == seen[trigger]
    after = writer.choose(Step("keep", trigger))
    following = trace.after(Step("keep", trigger), writer, after, 1)
    assert following.ahead(after.options()) == seen[next(k for k in kept if k.kind == "statement")]


def test_a_whole_loop_and_its_head_differ() -> None:
    loop, head = (next(k for k in pieces(BEFORE) if k.kind == kind and k.tokens[0][0] == "FOR") for kind in ("statement", "head"))
    assert isinstance(loop, Kept) and loop.start == head.start and head.end < loop.end and head.tokens[-1][0] == "LBRACE"
