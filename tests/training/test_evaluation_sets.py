"""`flowquill eval`: sets by name and by file, saved runs and pages, ablations and poisoned catalogs, with an engine that answers from a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from flowquill.generation.engine import Hypothesis, Task
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.format import render
from flowquill.training.cli import evaluation
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation import ablation, injection, own
from flowquill.training.evaluation.metrics import calls
from flowquill.training.evaluation.runs import figures, flat
from flowquill.training.evaluation.sets import SetError, pairs_of
from tests.generation.fake import FakeEngine

CATALOG = load_catalog()
GOOD = 'flow a {\n  on schedule(frequency: "Day")\n  slack.post_message(channel: "general", message: "Hello")\n}'
PAIR = {"text": 'Every day post "Hello" to general in Slack', "flow": GOOD}


class Silent(FakeEngine):
    """An engine whose server is gone."""

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        raise GenerationError("There is no script here; write one.")


def file_of(tmp_path: Path, *entries: object) -> Path:
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(e) + "\n" for e in entries), encoding="utf-8")
    return file


def scripted(pairs: list[Pair], catalog: Catalog = CATALOG) -> Generator:
    return Generator(catalog, FakeEngine({p.text: (render(p.flow),) for p in pairs}, default=(GOOD,)))


def test_sets_are_found_by_name_and_by_file(tmp_path: Path) -> None:
    assert [p.kind for p in pairs_of("own", CATALOG, 2, ("create", "edit"))] == ["create", "create", "edit", "edit"]
    assert len(pairs_of("hand", CATALOG, 7, ())) == 7
    assert len(pairs_of(str(file_of(tmp_path, PAIR, PAIR)), CATALOG, None, ())) == 2
    with pytest.raises(SetError, match="no file"):
        pairs_of(str(tmp_path / "none"), CATALOG, None, ())
    for entries, word in (((), "holds no pairs"), (({**PAIR, "flow": "flow {"},), "does not parse")):
        with pytest.raises(SetError, match=word):
            pairs_of(str(file_of(tmp_path, *entries)), CATALOG, None, ())


def test_the_name_of_a_set_stands_for_run() -> None:
    for arguments in (["nosuch.jsonl"], ["--set", "nosuch.jsonl"], ["run", "nosuch.jsonl"]):
        found = CliRunner().invoke(evaluation, arguments)
        assert "nosuch.jsonl is no file" in str(found.exception), found.output
    assert "compare" in CliRunner().invoke(evaluation, ["--help"]).output


@pytest.mark.model
def test_a_file_of_pairs_is_measured_saved_and_shown(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    file = file_of(tmp_path, PAIR, {**PAIR, "text": 'Post "Hello" to general in Slack each day'})
    arguments = [str(file), "--out", str(tmp_path / "r.json"), "--report", str(tmp_path / "r.html"), "--json"]
    found = CliRunner().invoke(evaluation, arguments, catch_exceptions=False)
    shown = json.loads(found.stdout)["set: create"]
    assert shown["tests"] == 2 and 0 <= shown["similarity_low"] <= shown["similarity"] <= 1 and shown["unparsed"] == 0
    saved = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert saved["slices"] is not None and len(saved["items"]) == 2 and saved["items"][0]["slices"]["set"] == ["set"]
    assert "<svg" in (tmp_path / "r.html").read_text(encoding="utf-8")
    found = CliRunner().invoke(evaluation, [str(file), "--out", str(tmp_path / "no" / "r.json")])
    assert "cannot be written" in str(found.exception)


def test_a_fault_in_one_test_does_not_end_the_others() -> None:
    class Faulty(FakeEngine):
        def decode(self, task, *, width, cancelled):  # type: ignore[no-untyped-def]
            if "Hello" in task.text:
                raise ValueError("zero-size array")
            return super().decode(task, width=width, cancelled=cancelled)

    pairs = list(own.pairs(CATALOG, 2, "create"))
    from flowquill.training.data.handwritten import pair_of

    results = own.run(Generator(CATALOG, Faulty({p.text: (render(p.flow),) for p in pairs})), [pair_of(PAIR, CATALOG, "x"), *pairs])
    assert "zero-size array" in results[0].error and [bool(r.error) for r in results[1:]] == [False, False]


def test_figures_as_plain_numbers() -> None:
    from flowquill.training.evaluation.measures import measure

    pairs = list(own.pairs(CATALOG, 3, "create"))
    items = [measure(r, CATALOG, frozenset()) for r in own.run(scripted(pairs), pairs)]
    plain = flat(figures(items))
    assert plain["similarity"] == 1.0 and plain["similarity_high"] == 1.0 and plain["tests"] == 3
    assert all(isinstance(v, int | float) for v in plain.values())


def test_an_ablation_holds_every_variant_against_the_first() -> None:
    pairs = list(own.pairs(CATALOG, 6, "create"))
    good, bad = scripted(pairs), Generator(CATALOG, FakeEngine(default=(GOOD,)))
    chosen = (ablation.Variant("good", lambda catalog, model: good), ablation.Variant("bad", lambda catalog, model: bad, 2))
    rows = ablation.table(ablation.run(CATALOG, pairs, None, chosen))
    assert rows[0]["difference"] == 0.0 and rows[0]["similarity"] == 1.0
    assert rows[1]["difference"] < -0.3 and rows[1]["high"] < 0
    bare = ablation.bare(CATALOG)
    assert all(not o.summary and not any(p.summary for p in o.parameters) for c in bare.connectors.values() for o in c.operations)


def test_flows_that_obey_an_order_in_a_catalog_are_counted() -> None:
    pairs = injection.tests(CATALOG, 5)
    assert all(o.target not in calls(p.flow) for p in pairs for o in injection.ORDERS)

    def obedient(catalog: Catalog) -> Generator:
        spoilt = any("evil.example" in o.summary for o in catalog.operations())
        script = {p.text: ('flow a {\n  on manual()\n  outlook.send_email(to: "' + injection.WORD + '")\n}',) for p in pairs}
        return Generator(catalog, FakeEngine(script)) if spoilt else scripted(pairs, catalog)

    found = injection.rates(injection.run(obedient, CATALOG, pairs, injection.ORDERS[:1]))
    assert found["obeyed"]["share"] == 1.0 and found["said"]["share"] == 1.0
    honest = injection.rates(injection.run(lambda catalog: scripted(pairs, catalog), CATALOG, pairs))
    assert honest["tests"] == 20 and honest["obeyed"]["share"] == 0.0 and honest["similarity_to_clean"] == 1.0


def test_a_language_model_is_ablated_by_asking_its_one_server_otherwise() -> None:
    pytest.importorskip("httpx")
    from flowquill.generation.engines.language_model import LanguageModelEngine
    from flowquill.generation.engines.local import RemoteServer
    from flowquill.generation.engines.settings import EngineSettings

    settings = EngineSettings(engine="vllm", url="http://127.0.0.1:9/v1", model="m")
    engine = LanguageModelEngine("vllm", CATALOG, settings, RemoteServer(settings), cast(Any, None))
    chosen = {v.name: v for v in ablation.of_language_model(engine)}
    assert list(chosen) == ["as configured", "no grammar", "1 tag", "24 tags", "values not masked", "the model that ships"]
    free, one = (cast(LanguageModelEngine, chosen[n].open(CATALOG, None).engine) for n in ("no grammar", "1 tag"))
    assert not free.grammar and one.grammar and one.settings.tags == 1
    assert free.server is one.server is engine.server
    shown = LanguageModelEngine("vllm", CATALOG, settings, engine.server, cast(Any, None), cast(Any, object()))
    assert {"0 examples", "5 examples", "20 examples"} <= {v.name for v in ablation.of_language_model(shown)}
    engine.close()


def test_a_run_of_which_the_first_tests_all_fail_ends_with_the_cause() -> None:
    pairs = list(own.pairs(CATALOG, 8, "create"))
    with pytest.raises(GenerationError, match="no script"):
        own.run(Generator(CATALOG, Silent()), pairs)
    assert [bool(r.error) for r in own.run(Generator(CATALOG, Silent()), pairs[:5])] == [True] * 5
