"""What differs between catalogs, and which flows that breaks."""

from __future__ import annotations

from dataclasses import replace

from flowquill.grammar.catalog import Catalog, Connector, Operation, Output, Parameter, load_catalog
from flowquill.grammar.catalog.diff import broken, differences

FEED = Operation(
    "pets", "feed", "Feed", "action", "Feed", parameters=(Parameter("food", "body/food", "text", enum=("hay", "corn")), Parameter("much", "body/much", "integer")),
    outputs=(Output("left", "body/left", "object", (Output("hay", "hay", "integer"),)),),
)  # fmt: skip
OLD_NAME = Operation("pets", "stroke", "Stroke", "action", "Stroke")


def catalog(*operations: Operation) -> Catalog:
    return load_catalog().merged([Connector("pets", "Pets", "pets", "", "", operations)])


def test_each_kind_of_change_is_told() -> None:
    feed = replace(FEED, parameters=(Parameter("food", "body/food", "text", True, ("hay", "oats")), Parameter("when", "body/when", "text", True)), outputs=(Output("left", "body/left", "list"),))
    found = differences(catalog(FEED, OLD_NAME), catalog(feed, replace(OLD_NAME, name="pat"), Operation("pets", "wash", "Wash", "action", "Wash")))
    assert [(c.kind, c.operation) for c in found] == [("added", "pets.pat"), ("added", "pets.wash"), ("changed", "pets.feed"), ("removed", "pets.stroke")]
    assert found[2].detail == (
        "parameter when: added, required", "parameter food: now required", "parameter food: value no longer corn; now also oats", "parameter much: removed",
        "output left: type object is now list", "output left.hay: removed",
    )  # fmt: skip
    assert found[3].detail == ("its id Stroke is now pets.pat",)
    assert differences(catalog(FEED), catalog(FEED)) == ()


def test_only_what_the_change_breaks_is_told() -> None:
    text = 'flow a {\n  on manual()\n  got = pets.feed(food: "corn", wrong: 1)\n  compose(value: got.left.hay)\n  nowhere.b()\n}\n'
    newer = replace(FEED, parameters=(replace(FEED.parameters[0], enum=("hay",)),), outputs=(Output("left", "body/left", "object", (Output("oats", "oats", "integer"),)),))
    assert [d.code for d in broken(text, catalog(FEED), catalog(newer))] == ["FQ006", "FQ011"]
    assert broken(text, catalog(FEED), catalog(FEED, OLD_NAME)) == ()
