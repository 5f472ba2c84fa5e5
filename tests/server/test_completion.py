"""What completion offers, by cursor marks in texts; the way past complete statements gives the same as reading all of them."""

from __future__ import annotations

import pytest

from flowquill.bench.samples import long_flow
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.forward import Forward
from flowquill.server.reading.cursor import finished, quoted
from flowquill.server.reading.names import Reading
from flowquill.server.reading.offers import Offers, described, offers

CATALOG = load_catalog()
FORWARD = Forward(CATALOG)
HEAD = """flow a {
  on sharepoint.file_created(library: "Contracts", site: "x") as file
  approval = approvals.start_approval(title: $"Check {file.name}", assigned_to: "x@example.org")
  var total: integer = 0
"""


def offered(marked: str) -> Offers:
    """What is offered at `|`, checked against reading everything above token by token."""
    at = marked.index("|")
    text = marked.replace("|", "", 1)
    rest = text[at:].split("\n")[0]
    found = offers(text[:at], rest, FORWARD, finished(Reading(text, CATALOG), at))
    assert set(found.offers) == set(offers(text[:at], rest, FORWARD).offers)
    return found


def labels(marked: str) -> set[str]:
    return {o.label for o in offered(marked).offers}


def snippet(marked: str, label: str) -> str:
    return next(o.snippet for o in offered(marked).offers if o.label == label)


def test_connectors_and_operations_with_their_required_parameters() -> None:
    assert {"slack", "http", "if", "todo"} <= labels(HEAD + "  |\n}")
    assert labels(HEAD + "  sla|\n}") == labels(HEAD + "  |\n}")
    assert snippet(HEAD + "  slack.po|\n}", "post_message") == 'post_message(channel: "${1:channel}", message: "${2:message}")$0'
    assert snippet(HEAD + "  |\n}", "delay") == 'delay(count: ${1:1}, unit: ${2|"Second","Minute","Hour","Day","Week","Month"|})$0'
    assert snippet(HEAD + "  |\n}", "if") == "if ${1:condition} {\n  $0\n}"
    assert snippet(HEAD + '  slack.po|(channel: "a")\n}', "post_message") == ""


def test_triggers_stand_after_on_only() -> None:
    assert "file_created" in labels("flow a {\n  on sharepoint.|\n}")
    assert "file_created" not in labels(HEAD + "  sharepoint.|\n}")


def test_parameters_that_are_left_with_what_fits_them() -> None:
    found = labels(HEAD + '  slack.post_message(channel: "a", |)\n}')
    assert "message" in found and "channel" not in found
    assert snippet(HEAD + "  http(|)\n}", "method") == 'method: ${1|"GET","POST","PUT","PATCH","DELETE"|}'


def test_values_of_enumerations_inside_and_outside_of_quotes() -> None:
    assert labels(HEAD + '  http(method: "|")\n}') == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert '"GET"' in labels(HEAD + "  http(method: |)\n}")


def test_names_in_scope_and_their_properties() -> None:
    here = labels(HEAD + "  compose(value: |)\n}")
    assert {"file", "approval", "total", "approval.outcome", "file.name", "concat"} <= here
    assert "outcome" in labels(HEAD + "  compose(value: approval.|)\n}")
    assert labels(HEAD + "  increment |\n}") == {"total"}
    assert "approval.outcome" in labels(HEAD + '  compose(value: $"it is {|}")\n}')
    assert labels(HEAD + '  compose(value: $"it is |")\n}') == set()
    assert "total" not in labels("flow b {\n  on manual()\n  compose(value: |)\n}\n" + HEAD + "}\n")


def test_names_of_loops_and_branches_stay_where_they_are() -> None:
    text = HEAD + "  for r in approval.responses {\n    x = compose(value: r)\n  }\n  compose(value: |)\n}"
    assert "x" in labels(text) and "r" not in labels(text)
    branches = HEAD + "  parallel {\n    branch {\n      y = compose(value: 1)\n    }\n    branch {\n      compose(value: |)\n    }\n  }\n}"
    assert "y" not in labels(branches)


def test_settings_and_comments() -> None:
    assert "retry" in labels(HEAD + "  @|\n}")
    assert labels(HEAD + "  # slack.|\n}") == set()


def test_a_line_left_unfinished_does_not_end_completion() -> None:
    assert "post_message" in labels(HEAD + "  if approval.outcome ==\n  slack.|\n}")


def test_words_come_on_demand() -> None:
    assert "Slack channel" in (described("operation:slack.post_message", CATALOG) or "")
    assert "required" in (described("parameter:slack.post_message:channel", CATALOG) or "")
    assert "Slack" in (described("connector:slack", CATALOG) or "")
    assert "`concat(" in (described("function:concat", CATALOG) or "")
    assert described("operation:slack.nothing", CATALOG) is None


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ('a(b: "c', (False, False)),
        ('a(b: "c", d: ', None),
        ('a(b: $"c {', (True, True)),
        ('a(b: $"c {x} d', (True, False)),
        ('a(b: $"c {f("x', (False, False)),
        ('a(b: "c\\"d', (False, False)),
        ('# it\'s "', None),
        ('a(b: $"c {{y: 1}} {', (True, True)),
    ],
)
def test_which_text_is_open(before: str, kind: tuple[bool, bool] | None) -> None:
    found = quoted(before)
    assert (None if found is None else (found.template, found.expression)) == kind


def test_every_line_of_a_long_file_offers_the_same_either_way() -> None:
    text = long_flow(90)
    reading = Reading(text, CATALOG)
    for number, line in enumerate(text.split("\n")):
        at = sum(len(one) + 1 for one in text.split("\n")[:number]) + len(line) - len(line.lstrip())
        assert set(offers(text[:at], "", FORWARD, finished(reading, at)).offers) == set(offers(text[:at], "", FORWARD).offers), number
