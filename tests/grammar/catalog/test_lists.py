"""Connectors from lists of operations."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from flowquill.grammar.catalog import CatalogError, load_catalog

SHARED = Path(os.environ.get("FLOWQUILL_SHARED_DATA") or Path(__file__).parents[4] / "shared/data")
PLAIN = SHARED / "catalogs/app_connect_operations.json"


def test_ids_of_one_service_are_one_connector(tmp_path: Path) -> None:
    ids = [
        "Shop_big_order__2_0_0__create_big_order", "Shop_big_order__2_0_0__retrievewithwhere_big_order", "Shop_Reply__2_0_0__retrievewithwhere_Reply",
        "Shop_File__3_0_0__DOWNLOADFILE_File", "Mail_note__1_0_0__upsertwithwhere_note", "crm.find_lead", "lonely",
    ]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps([{"id": i, "description": f"Does {n}"} for n, i in enumerate(ids)]))
    catalog = load_catalog([tmp_path / "a.json"], builtin=False)
    assert [o.text for o in catalog.operations() if o.connector] == [
        "shop.create_big_order", "shop.list_big_orders", "shop.list_replies", "shop.download_file", "mail.upsert_note", "crm.find_lead", "operations.lonely",
    ]  # fmt: skip
    assert [catalog.by_id(i)[0].summary for i in ids] == [f"Does {n}" for n in range(len(ids))]
    listed = catalog.by_id("Shop_Reply__2_0_0__retrievewithwhere_Reply")[0]
    assert [(o.name, o.type) for o in listed.outputs] == [("items", "list")]


def test_lines_with_parameters(tmp_path: Path) -> None:
    lines = [
        {"connector": "mailer", "operationId": "SendMail", "kind": "action", "method": "POST", "path": "/{connectionId}/mail", "summary": "Send an email",
         "parameters": [{"name": "to", "in": "body", "type": "string:email", "required": True}, {"name": "message/subject", "in": "body", "type": "string"},
                        {"name": "when", "in": "query", "type": "string:date-time"}, {"name": "v", "in": "query", "type": "string", "visibility": "internal", "default": "1"}],
         "outputs": ["[]", "id:string"]},
        {"connector": "mailer", "operationId": "OnMail", "kind": "trigger", "summary": "When mail arrives", "parameters": [], "outputs": ["value:array<object>"], "x-ms-trigger": "batch"},
        {"connector": "mailer", "operationId": "Secret", "kind": "action", "summary": "x", "visibility": "internal"},
    ]  # fmt: skip
    with gzip.open(tmp_path / "a_operations.jsonl.gz", "wt") as stream:
        stream.write("\n".join(map(json.dumps, lines)))
    with gzip.open(tmp_path / "a_connectors.jsonl.gz", "wt") as stream:
        stream.write(json.dumps({"connector": "mailer", "title": "The Mailer", "description": "Sends."}))
    for path in (tmp_path / "a_operations.jsonl.gz", tmp_path):
        mailer = load_catalog([path], builtin=False).connectors["mailer"]
        assert (mailer.title, mailer.api, [o.name for o in mailer.operations]) == ("The Mailer", "mailer", ["send_email", "mail_arrives"])
        send, arrives = mailer.operations
        assert [(p.name, p.path, p.format, p.required) for p in send.parameters] == [
            ("to", "body/to", "email", True), ("subject", "body/message/subject", "", False), ("when", "query/when", "datetime", False),
        ]  # fmt: skip
        assert send.path == "/mail" and send.outputs[0].name == "items" and arrives.split_on == "body/value"


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"connector": 1}\n' * 1000)[:40])
    with pytest.raises(CatalogError, match="is damaged"):
        load_catalog([path])
    path.write_bytes(gzip.compress(b" " * 400_000_000, 1))
    with pytest.raises(CatalogError, match="unpacks to more"):
        load_catalog([path])


@pytest.mark.skipif(not PLAIN.is_file(), reason="the shared folder with the list of operations is absent")
def test_the_list_of_the_benchmark() -> None:
    catalog = load_catalog([PLAIN], builtin=False)
    operations = [o for o in catalog.operations() if o.connector]
    ids = [e["id"] for e in json.loads(PLAIN.read_text())]
    assert len(operations) == 546 and sorted(o.id for o in operations) == sorted(ids)
    assert len({o.text for o in operations}) == 546 and len(catalog.connectors) < 60
    assert max(len(o.name) for o in operations) <= 45
    assert catalog.by_id("Trello_Card__2_0_0__create_Card")[0].text == "trello.create_card"
