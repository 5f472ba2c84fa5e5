"""Records of proposals become pairs: the last outcome counts, what was not meant is left out, and nothing personal is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.format import render
from flowquill.training.privacy.replace import Replacer
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.examples import read
from flowquill.training.tenant.feedback import curate, lines, repeated

CATALOG = load_catalog()
MAIL = 'flow a {{\n  on manual()\n  outlook.send_email(to: "{0}", body: "Done")\n}}\n'
CHAT = 'flow a {\n  on manual()\n  teams.post_message(message: "Done")\n}\n'


def record(text: str, outcome: str, proposed: str, **rest: str) -> dict[str, Any]:
    return {"text": text, "outcome": outcome, "proposed": proposed, **rest}


def written(tmp_path: Path, *records: Any) -> Path:
    file = tmp_path / "proposals.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return file


def test_accepted_and_edited_teach_and_rejected_do_not(tmp_path: Path) -> None:
    address = "ben.evans@acme.io"
    file = written(
        tmp_path,
        record(f'email {address} saying "Done"', "accepted", MAIL.format(address)),
        record('post "Done" in teams', "edited", CHAT, kept=CHAT.replace("message:", 'channel: "Done", message:')),
        record('write "Done" somewhere', "rejected", CHAT),
    )
    found = curate([file], CATALOG, Replacer())
    assert [w.weight for w in found.kept] == [1, 3] and dict(found.left_out) == {"rejected": 1}
    assert len(repeated(found.kept)) == 4
    first = found.kept[0].pair
    assert address not in first.text + render(first.flow) and "@" in first.text
    out = tmp_path / "pairs.jsonl"
    out.write_text(lines(found.kept), encoding="utf-8")
    assert len(read(out, CATALOG)[0]) == 2


def test_the_last_outcome_of_a_request_counts(tmp_path: Path) -> None:
    said = 'post "Done" in teams'
    file = written(tmp_path, record(said, "accepted", CHAT), record(said, "accepted", CHAT), record('post "Other" in Teams', "rejected", CHAT))
    assert curate([file], CATALOG, Replacer()).kept == ()


def test_flows_that_teach_nothing_are_left_out_with_the_reason(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        record("one", "accepted", "flow {"),
        record("two", "accepted", 'flow a {\n  on manual()\n  todo "think"\n}\n'),
        record("three", "edited", CHAT, kept='flow a {\n  on schedule(frequency: "Day")\n  sql_server.get_row()\n  delay(count: 2, unit: "Hour")\n}\n'),
        {"outcome": "accepted"},
        ["no record"],
    )
    found = curate([file], CATALOG, Replacer())
    assert found.kept == ()
    assert dict(found.left_out) == {"a flow that does not check": 1, "a step left open": 1, "another flow in its place": 1, "no record of a proposal": 2}


def test_a_torn_last_line_is_forgiven_and_a_broken_one_before_it_is_not(tmp_path: Path) -> None:
    file = written(tmp_path, record('post "Done" in teams', "accepted", CHAT))
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole + '{"text": "po', encoding="utf-8")
    assert len(curate([file], CATALOG, Replacer()).kept) == 1
    file.write_text('{"text": "po\n' + whole, encoding="utf-8")
    with pytest.raises(TenantError, match=":1 is no JSON"):
        curate([file], CATALOG, Replacer())
