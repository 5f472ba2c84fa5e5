"""Flows in plain English, their graphs, and the places of a dry run's steps."""

from __future__ import annotations

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.parse import parse
from flowquill.grammar.simulate import simulate
from flowquill.server.documents import Documents
from flowquill.server.features.explain import place
from flowquill.server.reading.explain import comment, explained
from flowquill.server.reading.graph import graph
from flowquill.server.reading.traces import located

CATALOG = load_catalog()
FLOW = """flow contracts {
  on sharepoint.file_created(library: "Contracts", site: ?) as file
  approval = approvals.start_approval(title: $"Check {file.name}", assigned_to: "boss@example.org")
  if approval.outcome == "Approve" and not empty(file.name) {
    slack.post_message(channel: "legal", message: approval.outcome)
  } else {
    todo "Ring the author"
  }
  after approval failed: slack.post_message(channel: "it", message: "no approval")
}
"""


def test_a_flow_in_words() -> None:
    said = explained(parse(FLOW).file.flows[0], CATALOG)
    assert said.startswith('When a file is created in SharePoint (library "Contracts"), start and wait for an approval')
    assert 'If outcome of the approval is "Approve" and name of the file is not empty, post message in Slack' in said
    assert "otherwise by hand: Ring the author." in said and "if approval failed: post message" in said
    assert "?" not in said


def test_schedules_loops_and_empty_flows() -> None:
    text = 'flow a {\n  on schedule(frequency: "Week", interval: 1, days: ["Monday", "Friday"], hours: [9])\n  for r in [1] {\n    compose(value: r)\n  }\n}\nflow b {\n  on manual(who: text)\n}\n'
    first, second = parse(text).file.flows
    assert explained(first, CATALOG) == "Every Monday and Friday at 9:00, for each r of 1: work out the r."
    assert explained(second, CATALOG) == "When started by hand with who, nothing is done yet."


def test_every_kind_of_step_can_be_told() -> None:
    text = """flow a {
  on manual()
  param p: text
  var v: list
  set v = []
  append 1 to v
  switch p {
    case "x" {
      delay(count: 2, unit: "Day")
    }
    default {
      terminate(status: "Failed")
    }
  }
  do {
    http(method: "GET", uri: "https://example.org")
  } until true
  scope s {
    compose(value: 1)
  }
  parallel {
    branch {
      compose(value: 1)
    }
    branch {
      compose(value: 2)
    }
  }
  try {
    compose(value: 1)
  } catch {
    compose(value: 2)
  } finally {
    compose(value: 3)
  }
}
"""
    said = explained(parse(text).file.flows[0], CATALOG).lower()
    for words in ("keep v", "add 1 to v", 'for "x" wait 2 days', "else end the run as failed", "repeat until true", "at the same time", "if that fails", "in the end"):
        assert words in said, words


def test_comments_are_wrapped_and_an_old_explanation_is_found() -> None:
    written = comment(explained(parse(FLOW).file.flows[0], CATALOG))
    assert all(line.startswith("# ") and len(line) <= 98 for line in written.split("\n")) and written.count("\n") > 2
    files = Documents()
    files.open("a", 1, f"# mine\n{written}\n{FLOW}")
    snapshot = files.snapshot("a")
    start, end = place(snapshot, snapshot.text.index("flow contracts"))
    assert snapshot.text[start:end] == written + "\n"
    files.open("b", 1, f"# mine\n{FLOW}")
    assert place(files.snapshot("b"), 7) == (7, 7)


def test_the_graph_nests_and_its_edges_join_neighbours() -> None:
    made = graph(parse(FLOW).file.flows[0])
    assert [(n.id, n.kind, n.parent) for n in made.nodes] == [
        ("trigger", "trigger", None),
        ("0", "call", None),
        ("1", "if", None),
        ("1/yes", "block", "1"),
        ("1/yes/0", "call", "1/yes"),
        ("1/no", "block", "1"),
        ("1/no/0", "todo", "1/no"),
        ("2", "call", None),
    ]
    assert [(e.start, e.end, e.label) for e in made.edges] == [("trigger", "0", ""), ("0", "1", ""), ("0", "2", "failed")]
    parents = {n.id: n.parent for n in made.nodes}
    assert all(parents[e.start] == parents[e.end] for e in made.edges)
    assert FLOW[slice(*made.nodes[4].span)].startswith("slack.post_message") and FLOW[slice(*made.nodes[1].chosen)] == "approval"


def test_containers_of_every_kind() -> None:
    text = 'flow a {\n on manual()\n for x in [1] { compose(value: x) }\n parallel { branch { compose(value: 1) } branch { compose(value: 2) } }\n try { compose(value: 1) } catch { compose(value: 2) } finally { compose(value: 3) }\n switch 1 { case 1 { compose(value: 4) } default { compose(value: 5) } }\n}\n'
    made = graph(parse(text).file.flows[0])
    assert {n.id for n in made.nodes if n.kind == "block"} == {"1/branch0", "1/branch1", "2/try", "2/catch", "2/finally", "3/case0", "3/default"}
    assert [(e.start, e.end, e.label) for e in made.edges if e.start.startswith("2/")] == [("2/try", "2/catch", "failed, timed out"), ("2/catch", "2/finally", "always")]
    assert next(n for n in made.nodes if n.id == "0/0").parent == "0"


def test_the_steps_of_a_dry_run_are_found_in_the_text() -> None:
    text = 'flow a {\n  on manual()\n  for x in [1, 2] {\n    if x == 1 {\n      compose(value: "one")\n    } else {\n      compose(value: "more")\n    }\n  }\n  parallel {\n    branch {\n      http(method: "GET", uri: "https://example.org")\n    }\n  }\n}\n'
    flow = parse(text).file.flows[0]
    done = simulate(flow, CATALOG)
    found = [(step.name, text[slice(*span)].split("\n")[0]) for step, span in located(done.steps, flow.body)]
    assert ("compose", 'compose(value: "one")') in found and ("compose", 'compose(value: "more")') in found
    assert ("http", 'http(method: "GET", uri: "https://example.org")') in found
    assert [line for name, line in found if name == "x 1"] == ["if x == 1 {"]
