"""Control flow, waiting for steps, limits, mocks: what a dry run does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.parse import parse
from flowquill.grammar.simulate import Limits, MockError, Run, read_mocks, simulate

CATALOG = load_catalog()
POST = 'slack.post_message(channel: "a", message: "b")'
FAIL = 'compose(value: int("x"))'


def run(body: str, trigger: str = "on manual()", **options: Any) -> Run:
    parsed = parse(f"flow a {{\n  {trigger}\n{body}\n}}\n")
    assert not parsed.errors, parsed.errors[0].message
    return simulate(parsed.file.flows[0], CATALOG, **options)


def statuses(found: Run) -> dict[str, str]:
    return {s.name: s.status for s in found.steps}


def test_a_failure_skips_what_follows_and_names_the_step() -> None:
    found = run(f"  one = {FAIL}\n  two = compose(value: 1)\n  three = compose(value: 2)")
    assert statuses(found) == {"one": "Failed", "two": "Skipped", "three": "Skipped"}
    assert found.status == "Failed" and found.failed is not None and found.failed.name == "one"
    assert "one" in found.sentence and "whole numbers" in found.sentence


@pytest.mark.parametrize(
    ("first", "after", "runs"),
    [
        (FAIL, "failed", True),
        (FAIL, "succeeded", False),
        (FAIL, "failed, timed_out", True),
        ("compose(value: 1)", "failed", False),
        ("compose(value: 1)", "succeeded, failed, skipped, timed_out", True),
    ],
)
def test_a_step_runs_after_the_statuses_it_names(first: str, after: str, runs: bool) -> None:
    found = run(f"  one: {first}\n  after one {after}: two = compose(value: 2)")
    assert statuses(found)["two"] == ("Succeeded" if runs else "Skipped")


def test_a_handled_failure_is_none_and_a_skip_can_be_waited_for() -> None:
    handled = run(f"  one: {FAIL}\n  after one failed: two = compose(value: 2)")
    assert handled.status == "Succeeded"
    waited = run("  one: compose(value: 1)\n  after one failed: two = compose(value: 2)\n  after two skipped: three = compose(value: 3)")
    assert statuses(waited)["three"] == "Succeeded" and waited.status == "Succeeded"
    both = run(f"  one: {FAIL}\n  two: compose(value: 1)\n  after one failed and two skipped: three = compose(value: 3)")
    assert statuses(both)["three"] == "Succeeded"


def test_try_catch_and_finally() -> None:
    found = run(f"  try {{\n    {FAIL}\n  }} catch {{\n    c = compose(value: 1)\n  }} finally {{\n    f = compose(value: 2)\n  }}\n  after_ = compose(value: 3)")
    assert found.status == "Succeeded" and statuses(found)["after_"] == "Succeeded"
    uncaught = run(f"  try {{\n    {FAIL}\n  }} catch timed_out {{\n    c = compose(value: 1)\n  }} finally {{\n    f = compose(value: 2)\n  }}")
    assert uncaught.status == "Succeeded"
    assert [c.status for c in uncaught.steps[0].children] == ["Failed", "Skipped", "Succeeded"]


def test_what_follows_a_parallel_waits_for_the_end_of_each_branch() -> None:
    found = run("  parallel { branch { a = compose(value: 1)\n after failed: b = compose(value: 2) } branch { c = compose(value: 3) } }\n  d = compose(value: 4)")
    assert statuses(found)["d"] == "Skipped" and found.status == "Succeeded"


def test_if_and_switch_take_one_way() -> None:
    found = run('  var s: text = "b"\n  if s == "a" { x = compose(value: 1) } else if s == "b" { y = compose(value: 2) }\n  switch s { case "a" { compose(value: 3) } case "b" { z = compose(value: 4) } default { compose(value: 5) } }')
    assert found.steps[1].children[0].children[0].outputs == 2
    assert [c.outputs for c in found.steps[2].children] == [4]
    assert run('  switch "q" { case "a" { compose(value: 3) } default { compose(value: 5) } }').steps[0].children[0].outputs == 5


def test_variables() -> None:
    found = run('  var n: integer = 1\n  var t: text\n  var l: list = []\n  increment n by 4\n  decrement n\n  append "x" to t\n  append n to l\n  set t = $"{t}y"')
    assert found.variables == {"n": 4, "t": "xy", "l": [4]}


def test_a_loop_goes_on_after_a_failure_and_fails_at_the_end() -> None:
    found = run('  var seen: list = []\n  for e in ["1", "x", "3"] { n = compose(value: int(e))\n    append n to seen }\n  later = compose(value: 1)')
    assert found.variables["seen"] == [1, 3]
    assert found.status == "Failed" and found.failed is not None and found.failed.name == "n"
    assert statuses(found)["later"] == "Skipped"


def test_until_ends_by_condition_count_and_time() -> None:
    assert run("  var n: integer = 0\n  do { increment n } until n == 3").variables["n"] == 3
    assert run("  var n: integer = 0\n  do { increment n } until n == 100 limit (count: 5)").variables["n"] == 5
    slow = run('  var n: integer = 0\n  do { increment n\n    delay(count: 20, unit: "Minute") } until false limit (count: 50, timeout: "PT50M")')
    assert slow.variables["n"] == 3 and slow.status == "Succeeded"


def test_terminate_ends_and_respond_does_not() -> None:
    found = run('  respond(status: 202, body: "ok")\n  parallel { branch { terminate(status: "Failed", code: "E7", message: "enough") } branch { compose(value: 1) } }\n  compose(value: 2)')
    assert found.status == "Failed" and found.problem is not None and (found.problem.code, found.problem.message) == ("E7", "enough")
    assert found.responses == [{"statusCode": 202, "headers": {}, "body": "ok"}]
    assert len(found.steps) == 2
    assert run('  terminate(status: "Succeeded")\n  compose(value: int("x"))').status == "Succeeded"


def test_refusals_holes_todos_and_raw_steps_run() -> None:
    assert run('  refuse "No."').status == "Cancelled"
    found = run('  todo "Call them"\n  delay(count: ?, unit: "Hour")\n  x = raw(type: "Odd", definition: {inputs: {a: "@{1}"}})\n  compose(value: x.body.thing)')
    assert found.status == "Succeeded", found.sentence


def test_the_trigger_gives_inputs_and_its_condition_counts() -> None:
    body = "  compose(value: r.n)"
    assert run(body, "on manual(n: integer) as r", inputs={"n": 5}).steps[0].outputs == 5
    assert run(body, "on manual(n: integer = 7) as r").steps[0].outputs == 7
    assert isinstance(run(body, "on manual(n: integer) as r").steps[0].outputs, int)
    assert run(body, "@when(condition: 1 > 2)\n  on manual(n: integer) as r").status == "Skipped"
    assert run("  compose(value: triggerBody().who)", "on http_request()", inputs={"who": "Ana"}).steps[0].outputs == "Ana"


def test_made_up_results_have_the_types_of_the_catalog_and_the_shape_of_their_use() -> None:
    found = run('  a = slack.list_channels()\n  for c in a.channels { compose(value: toUpper(c.name)) }\n  r = http(method: "GET", uri: "https://x")\n  for o in r.body.orders { if o.total > 100 and o.paid { compose(value: o.total + 1) } }')
    assert found.status == "Succeeded", found.sentence
    assert found.steps[3].children
    again = run('  r = http(method: "GET", uri: "https://x")\n  compose(value: r.body.orders[0].total * 2)')
    assert again.status == "Succeeded", again.sentence


def test_seeds_decide_results() -> None:
    outputs = [run("  a = slack.list_channels()", seed=seed).steps[0].outputs for seed in (1, 1, 2)]
    assert outputs[0] == outputs[1] != outputs[2]


def test_mocks_are_used_one_after_the_other() -> None:
    mocks = read_mocks('{"slack.post_message": [{"failed": "busy", "code": "TooMany", "status_code": 429}, {"timed_out": true}, {"result": {"ts": "9"}}], "b": {"result": {"body": {"n": 3}}}}')
    body = f'  one: {POST}\n  after one failed: two: {POST}\n  after two timed_out: three = {POST}\n  after one failed: x = compose(value: outputs("one").statusCode)\n  b = http(method: "GET", uri: "u")\n  compose(value: b.body.n)'
    found = run(body, mocks=mocks)
    assert [s.status for s in found.steps] == ["Failed", "TimedOut", "Succeeded", "Succeeded", "Succeeded", "Succeeded"]
    assert found.steps[3].outputs == 429 and found.steps[5].outputs == 3
    retried = run(f"  @retry(count: 2)\n  one: {POST}", mocks=mocks)
    assert retried.status == "Succeeded" and retried.steps[0].note == "tried 3 times"
    with pytest.raises(MockError, match="no JSON"):
        read_mocks("{")


def test_select_filter_table_and_join() -> None:
    found = run('  a = select(from_: [1, 2, 3], values: {n: item * 2})\n  f = filter(from_: a.items, where: item.n > 2)\n  t = table(from_: f.items, format: "CSV")\n  h = table(from_: [{a: "<"}], format: "HTML")\n  j = join(from_: [1, 2], separator: "-")')
    assert [s.outputs for s in found.steps] == [
        {"items": [{"n": 2}, {"n": 4}, {"n": 6}]},
        {"items": [{"n": 4}, {"n": 6}]},
        {"text": "n\r\n4\r\n6\r\n"},
        {"text": "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;</td></tr></tbody></table>"},
        {"text": "1-2"},
    ]


def test_functions_of_the_run() -> None:
    found = run('  var v: integer = 3\n  scope s { one = compose(value: {a: 1}) }\n  compose(value: [variables("V"), body("one").a, outputs("one").a, result("s")[0].status, actions("s").status])\n  for e in [7] { compose(value: items("e")) }')
    assert found.steps[2].outputs == [3, 1, 1, "Succeeded", "Succeeded"]
    assert found.steps[3].children[0].children[0].outputs == 7


def test_child_flows_of_the_file_run() -> None:
    flows = parse('flow a {\n  on manual()\n  r = run_flow(flow: "b", body: {n: 2})\n  compose(value: r.body)\n}\nflow b {\n  on manual(n: integer) as i\n  respond(body: i.n + 1)\n}\nflow c {\n  on manual()\n  run_flow(flow: "c")\n}\n').file.flows
    assert simulate(flows[0], CATALOG, flows=flows).steps[1].outputs == 3
    assert "deep" in simulate(flows[2], CATALOG, flows=flows).sentence


def test_settings_count() -> None:
    late = run('  @timeout(limit: "PT1H")\n  one: delay(count: 2, unit: "Hour")\n  after one timed_out: two = compose(value: 1)')
    assert statuses(late) == {"one": "TimedOut", "two": "Succeeded"}
    assert run('  @secure(inputs: true)\n  slack.post_message(channel: "a", message: "secret")').steps[0].inputs == "(secure)"


@pytest.mark.parametrize(
    "body",
    [
        "  var n: integer = 0\n  do { increment n\n    for e in range(1, 50000) { increment n } } until false limit (count: 5000)",
        '  var t: text = "x"\n  do { set t = concat(t, t) } until false limit (count: 60)',
        "  var l: list = [1]\n  do { set l = createArray(l, l) } until false limit (count: 60)",
        '  compose(value: replace(join(range(1, 9999), ""), "1", join(range(1, 9999), "")))',
    ],
)
def test_nothing_runs_away(body: str) -> None:
    began = time.monotonic()
    found = run(body, limits=Limits(steps=5_000, seconds=5))
    assert found.status in ("Stopped", "Failed") and time.monotonic() - began < 8


def test_a_run_can_be_cancelled() -> None:
    found = run("  compose(value: 1)", cancelled=lambda: True)
    assert found.status == "Stopped" and "cancelled" in found.sentence


def test_a_way_not_taken_leaves_nulls() -> None:
    found = run('  if 1 > 2 { x = compose(value: 1) }\n  compose(value: [body("x"), actions("x").status])')
    assert found.status == "Succeeded", found.sentence
    assert found.steps[1].outputs == [None, "Skipped"]


def test_titles_name_steps_and_columns_see_their_row() -> None:
    found = run('  @title(text: "Get_the-item")\n  x = compose(value: 4)\n  compose(value: outputs("Get the item"))\n  t = table(from_: [{a: 1}, {a: 2}], format: "CSV", columns: [{header: "B", value: item.a * 2}])')
    assert found.steps[1].outputs == 4
    assert found.steps[2].outputs == {"text": "B\r\n2\r\n4\r\n"}


def test_made_up_text_is_what_a_function_can_read() -> None:
    found = run('  r = http(method: "GET", uri: "u")\n  compose(value: addDays(r.body.due, int(r.body.days)))\n  compose(value: convertFromUtc(r.body.due, r.body.zone))\n  compose(value: base64ToString(r.body.data))')
    assert found.status == "Succeeded", found.sentence
