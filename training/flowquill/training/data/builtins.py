"""Triggers and steps of the language itself: schedules, HTTP, delays, variables, filters, tables, manual steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowquill.grammar import tree
from flowquill.grammar.catalog import Output
from flowquill.training.data.draft import Draft
from flowquill.training.data.nodes import Act, Node, Start
from flowquill.training.data.referents import TEXTUAL, Owner, Place, output_class

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = ("Minute", "Hour", "Day", "Week", "Month")


def _argument(name: str, value: tree.Expression) -> tree.Argument:
    return tree.Argument(tree.Name(name), value)


def _text(value: str) -> tree.Literal:
    return tree.Literal(value)


def _list(*values: int | str) -> tree.ListExpression:
    return tree.ListExpression(tuple(tree.Literal(v) for v in values))


def call(name: str, arguments: Sequence[tree.Argument], owner: Owner | None = None) -> tree.Call:
    """A call of a built-in action."""
    return tree.Call(name=tree.Name(owner.key) if owner else None, callee=tree.Callee(None, tree.Name(name)), arguments=tuple(arguments))


# Triggers


def schedule(draft: Draft) -> Start:
    """ "every weekday at 8:30"."""
    rng, language = draft.rng, draft.banks.language["schedule"]
    arguments: list[tree.Argument] = []
    timed = False
    pick = rng.random()
    if pick < 0.30:
        unit = rng.choice(("Hour", "Day", "Day", "Day", "Day", "Week", "Month", "Minute"))
        text = rng.choice(language["every"][unit])
        arguments.append(_argument("frequency", _text(unit)))
        timed = unit == "Day"
    elif pick < 0.36:
        text = rng.choice(language["parts"])
        arguments.append(_argument("frequency", _text("Day")))
        timed = True
    elif pick < 0.54:
        unit = rng.choice(("Minute", "Minute", "Minute", "Hour", "Hour", "Day", "Week", "Month"))
        count = rng.choice({"Minute": (2, 5, 10, 15, 20, 30, 45), "Hour": (2, 3, 4, 6, 8, 12)}.get(unit, (2, 3, 4, 6)))
        if unit == "Week" and count == 2 and draft.chance(0.3):
            count = 3
        text = rng.choice(language["interval"]).format(n=draft.number(count), u=unit.lower() + "s")
        arguments += [_argument("frequency", _text(unit)), _argument("interval", tree.Literal(count))]
    elif pick < 0.70:
        day = rng.choice(_DAYS)
        text = rng.choice(language["day_of_week"]).format(d=draft.ledger.mark(day, day))
        arguments += [_argument("frequency", _text("Week")), _argument("days", _list(day))]
        timed = True
    elif pick < 0.77:
        first, second = sorted(rng.sample(range(7), 2))
        days = (_DAYS[first], _DAYS[second])
        text = rng.choice(language["days_of_week"]).format(d=draft.ledger.mark(days[0], days[0]), e=draft.ledger.mark(days[1], days[1]))
        arguments += [_argument("frequency", _text("Week")), _argument("days", _list(*days))]
        timed = True
    elif pick < 0.86:
        working = draft.chance(0.75)
        text = rng.choice(language["weekdays" if working else "weekend"])
        arguments += [_argument("frequency", _text("Week")), _argument("days", _list(*(_DAYS[:5] if working else _DAYS[5:])))]
        timed = True
    elif pick < 0.95:
        day_of_month = rng.randint(2, 28)
        suffix = "th" if 10 < day_of_month < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day_of_month % 10, "th")
        text = rng.choice(language["day_of_month"]).format(m=draft.ledger.mark(f"{day_of_month}{suffix}", day_of_month))
        arguments += [_argument("frequency", _text("Month")), _argument("month_days", _list(day_of_month))]
        timed = True
    else:
        text = rng.choice(language["first_of_month"])
        arguments += [_argument("frequency", _text("Month")), _argument("month_days", _list(1))]
        timed = True
    if timed and draft.chance(0.6):
        hour, minute, said = _clock(draft)
        text += rng.choice(language["at"]).format(h=said)
        arguments.append(_argument("hours", _list(hour)))
        if minute:
            arguments.append(_argument("minutes", _list(minute)))
        if draft.chance(0.06):
            zone = rng.choice(draft.values.words("time_zone"))
            text += rng.choice(language["zone"]).format(z=draft.ledger.mark(zone, zone))
            arguments.append(_argument("time_zone", _text(zone)))
    elif draft.chance(0.03):
        begin = str(draft.values.value(rng, "date"))
        text += rng.choice(language["start"]).format(t=draft.ledger.mark(begin, begin))
        arguments.append(_argument("start_time", _text(begin)))
    draft.tag("schedule")
    operation = draft.catalog.find(None, "schedule")
    if operation is not None:
        draft.operations.append(operation)
    return Start(tree.Trigger(tree.Callee(None, tree.Name("schedule")), tuple(arguments)), text, "schedule")


def _clock(draft: Draft) -> tuple[int, int, str]:
    """Hour, minute and how they are said."""
    rng = draft.rng
    hour = rng.choice((6, 7, 8, 8, 9, 9, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, rng.randint(1, 23)))
    minute = rng.choice((0, 0, 0, 0, 15, 30, 30, 45, rng.randint(1, 59)))
    twelve = hour % 12 or 12
    half = "pm" if hour >= 12 else "am"
    mark = draft.ledger.mark
    if minute:
        style = rng.random()
        if style < 0.5:
            return hour, minute, f"{mark(str(hour) if draft.chance(0.6) else f'{hour:02}', hour)}:{mark(f'{minute:02}', minute)}"
        shown = rng.choice((half, half.upper(), f" {half}", f" {half.upper()}", f" {half[0]}.m."))
        return hour, minute, f"{mark(str(twelve), hour)}:{mark(f'{minute:02}', minute)}{shown}"
    style = rng.random()
    if hour == 12 and style < 0.5:
        return 12, 0, mark("noon", 12) if draft.chance(0.8) else mark("midday", 12)
    if style < 0.5:
        return hour, 0, mark(f"{twelve}{rng.choice(('', ' '))}{rng.choice((half, half, half.upper(), half[0] + '.m.'))}", hour)
    if style < 0.62:
        return hour, 0, mark(f"{hour}:00" if draft.chance(0.5) else f"{hour:02}:00", hour)
    if style < 0.72 and hour < 12:
        return hour, 0, f"{mark(str(hour), hour)} o'clock"
    if hour < 12:
        return hour, 0, f"{mark(str(hour), hour)}" + rng.choice(("", " in the morning"))
    return hour, 0, mark(f"{hour}:00", hour)


def request(draft: Draft) -> Start:
    """An HTTP request, whose JSON fields may be read."""
    rng = draft.rng
    arguments: list[tree.Argument] = []
    pick = rng.random()
    if pick < 0.2:
        method = rng.choice(("POST", "POST", "GET", "PUT"))
        text = draft.say("request_method", "builtins").format(m=draft.ledger.mark(method, method))
        arguments.append(_argument("method", _text(method)))
    elif pick < 0.28:
        path = "/" + rng.choice(draft.values.words("mailbox"))
        text = draft.say("request_path", "builtins").format(p=draft.ledger.mark(path, path))
        arguments.append(_argument("path", _text(path)))
    else:
        text = draft.say("request", "builtins")
    operation = draft.catalog.find(None, "http_request")
    assert operation is not None
    draft.operations.append(operation)
    places = (
        Place((), "object", "whole", ("the request",), None),
        Place(("body",), "any", "object", ("the body", "the request body", "the payload", "the data", "the body of the request"), operation.output("body")),
        Place(("headers",), "object", "object", ("the headers", "the request headers"), operation.output("headers")),
    )
    owner = draft.introduce("trigger", "request", operation, places, open_base=("body",), fields=True)
    draft.tag("http_request")
    trigger = tree.Trigger(tree.Callee(None, tree.Name("http_request")), tuple(arguments), name=tree.Name(owner.key))
    return Start(trigger, text, "event")


def manual(draft: Draft) -> Start:
    """By hand; sometimes with typed inputs."""
    rng = draft.rng
    draft.tag("manual")
    if not draft.chance(0.3):
        return Start(tree.Trigger(None), "", "manual")
    chosen = rng.sample(draft.banks.language["inputs"], rng.choice((1, 1, 2, 2, 3)))
    inputs: list[tree.Input] = []
    said: list[str] = []
    places: list[Place] = [Place((), "object", "whole", (), None)]
    for entry in chosen:
        words = entry["words"]
        name = words.replace(" ", "_")
        inputs.append(tree.Input(tree.Name(name), entry["type"]))
        surface = draft.ledger.mark(words, name)
        hint = {"integer": (" (integer)", " as a whole number", ""), "number": (" (number)", ""), "boolean": (" (yes/no)", " (boolean)", "")}.get(entry["type"], ("", "", "", " (text)"))
        said.append(f"{'an' if words[0] in 'aeiou' else 'a'} {surface}{rng.choice(hint)}")
        output = Output(name, name, entry["type"])
        places.append(Place((name,), entry["type"], entry["class"], (f"the {words}", f"the given {words}", f"that {words}"), output))
    owner = draft.introduce("trigger", "request", None, tuple(places))
    joined = said[0] if len(said) == 1 else ", ".join(said[:-1]) + " and " + said[-1]
    draft.tag("inputs")
    return Start(tree.Trigger(None, inputs=tuple(inputs), name=tree.Name(owner.key)), "", "manual", draft.say("manual_inputs", "builtins").format(i=joined))


# Steps


def step(draft: Draft, *, last: bool) -> Node | None:
    """A step of the language itself or a manual one."""
    options: list[tuple[float, Callable[[Draft], Node | None]]] = [
        (1.5, http), (1.6, delay), (0.4, delay_until), (0.5, run_flow), (2.4, todo), (1.2, filtered), (1.2, table), (0.7, selected),
        (1.0, counted), (0.6, collected), (0.3, variable), (0.3, parsed),
    ]  # fmt: skip
    if last:
        options += [(0.8, terminate), (1.5 if any(o.role == "trigger" and o.fields for o in draft.scope.owners) else 0.05, respond)]
    make = draft.rng.choices([o[1] for o in options], [o[0] for o in options])[0]
    return make(draft)


def _something(draft: Draft, kinds: tuple[str, ...] = ("text", "integer", "number", "any", "object")) -> tuple[str, tree.Expression] | None:
    opened = draft.open_owner()
    if opened is not None and draft.chance(0.3):
        return draft.column_of(opened, draft.rng.choice(draft.columns(None))["name"])
    found = draft.scope.find(kinds, TEXTUAL | {"content", "object", "any"})
    if not found:
        return None
    one = draft.prefer(found)
    return draft.rng.choice(one.phrases[:4]), one.expression


def http(draft: Draft) -> Node | None:
    """A call of a URL."""
    rng = draft.rng
    method = rng.choice(("GET",) * 6 + ("POST",) * 5 + ("PUT", "PATCH", "DELETE"))
    url = str(draft.values.value(rng, "url"))
    said = draft.quote(url, "url")
    arguments = [_argument("method", _text(method)), _argument("uri", _text(url))]
    body = _something(draft) if method in ("POST", "PUT") and draft.chance(0.6) else None
    if body is not None:
        text = draft.say(f"http_{method}_body", "builtins").format(u=said, b=body[0])
        arguments.append(_argument("body", body[1]))
    else:
        text = draft.say(f"http_{method}", "builtins").format(u=said)
    operation = draft.catalog.find(None, "http")
    assert operation is not None
    draft.operations.append(operation)
    places = (
        Place((), "object", "whole", ("the response",), None),
        Place(("body",), "any", "object", ("the response", "the response body", "the answer", "the result of the call", "the returned data"), operation.output("body")),
        Place(("status_code",), "integer", "number", ("the status code", "the response code"), operation.output("status_code")),
    )
    owner = draft.introduce("result", "response", operation, places, open_base=("body",), fields=True)
    draft.tag("http")
    return Act(text, (call("http", arguments, owner),))


def span(draft: Draft) -> tuple[str, int, str]:
    """A span of time: how it is said, the number and the unit."""
    unit = draft.rng.choice(("Second", "Minute", "Minute", "Minute", "Hour", "Hour", "Day", "Day", "Week"))
    if draft.chance(0.08):
        return {"Hour": "an hour"}.get(unit, f"a {unit.lower()}"), 1, unit
    count = draft.rng.choice({"Second": (5, 10, 15, 20, 30, 45), "Minute": (2, 5, 10, 15, 20, 30, 45), "Hour": (2, 3, 4, 6, 8, 12, 24, 48)}.get(unit, (2, 3, 4, 5, 7, 10, 14)))
    return f"{draft.number(count)} {unit.lower()}s", count, unit


def _delay(count: int, unit: str) -> tree.Call:
    return call("delay", [_argument("count", tree.Literal(count)), _argument("unit", _text(unit))])


def delay(draft: Draft) -> Node | None:
    """Waiting for a span of time."""
    said, count, unit = span(draft)
    draft.tag("delay")
    return Act(draft.say("delay", "builtins").format(t=said), (_delay(count, unit),))


def pause(draft: Draft) -> tuple[str, tree.Statement]:
    """The wait between two rounds: how it is said, and its statement."""
    unit = draft.rng.choice(("Second", "Minute", "Minute", "Minute", "Hour", "Day"))
    if draft.chance(0.12):
        return unit.lower(), _delay(1, unit)
    count = draft.rng.choice((2, 3, 5, 10, 15, 20, 30, 60))
    return f"{draft.number(count)} {unit.lower()}s", _delay(count, unit)


def delay_until(draft: Draft) -> Node | None:
    """Waiting for a moment."""
    found = draft.scope.find(("text",), ("date",))
    if found and draft.chance(0.6):
        one = draft.prefer(found)
        said, value = draft.rng.choice([p for p in one.phrases if not p.startswith("when")] or list(one.phrases)), one.expression
    else:
        date = str(draft.values.value(draft.rng, draft.rng.choice(("date", "datetime"))))
        said, value = draft.ledger.mark(date, date), _text(date)
    draft.tag("delay")
    return Act(draft.say("delay_until", "builtins").format(t=said), (call("delay_until", [_argument("timestamp", value)]),))


def run_flow(draft: Draft) -> Node | None:
    """A child flow."""
    name = draft.rng.choice((str(draft.values.value(draft.rng, "title")), str(draft.values.value(draft.rng, "project")), "process_orders", "notify-team", "archive_files", "Sync customers"))
    arguments = [_argument("flow", _text(name))]
    body = _something(draft) if draft.chance(0.4) else None
    said = draft.quote(name, "title")
    if body is not None:
        arguments.append(_argument("body", body[1]))
        text = draft.say("run_flow_body", "builtins").format(f=said, b=body[0])
    else:
        text = draft.say("run_flow", "builtins").format(f=said)
    draft.tag("run_flow")
    return Act(text, (call("run_flow", arguments),))


def todo(draft: Draft) -> Node | None:
    """A step that a person has to do; the text of the step is a stretch of the request."""
    marked, key = draft.ledger.span(draft.rng.choice(draft.banks.language["todos"]))
    draft.tag("todo")
    return Act(marked, (tree.Todo(key),), "todo")


def respond(draft: Draft) -> Node | None:
    """The answer to the HTTP request."""
    rng = draft.rng
    code = rng.choice((200, 200, 200, 201, 202, 400, 404, 500))
    body = _something(draft) if draft.chance(0.5) else None
    arguments: list[tree.Argument] = []
    if draft.chance(0.15):
        text = draft.say("respond_plain", "builtins")
    elif body is not None and draft.chance(0.5):
        text = draft.say("respond_both", "builtins").format(c=draft.ledger.mark(str(code), code), b=body[0])
        arguments = [_argument("status", tree.Literal(code)), _argument("body", body[1])]
    elif body is not None:
        text = draft.say("respond_body", "builtins").format(b=body[0])
        arguments = [_argument("body", body[1])]
    else:
        text = draft.say("respond", "builtins").format(c=draft.ledger.mark(str(code), code))
        arguments = [_argument("status", tree.Literal(code))]
    draft.tag("respond")
    return Act(text, (call("respond", arguments),))


def terminate(draft: Draft) -> Node | None:
    """The end of the run."""
    status = draft.rng.choice(("Cancelled", "Cancelled", "Failed", "Failed", "Succeeded"))
    arguments = [_argument("status", _text(status))]
    if status == "Failed" and draft.chance(0.5):
        message = draft.rng.choice(draft.values.words("sentence"))
        text = draft.say("terminate_Failed_message", "builtins").format(m=draft.quote(message, "message"))
        arguments.append(_argument("message", _text(message)))
    else:
        text = draft.say(f"terminate_{status}", "builtins")
    draft.tag("terminate")
    return Act(text, (call("terminate", arguments),))


def parsed(draft: Draft) -> Node | None:
    """Reading JSON."""
    found = [f for f in draft.scope.find(("any", "text"), ("object", "content", "message")) if f.place.sort != "message" or f.place.type == "text"]
    if not found:
        return None
    one = draft.prefer(found)
    operation = draft.catalog.find(None, "parse_json")
    assert operation is not None
    text = draft.say("parse", "builtins").format(b=draft.rng.choice(one.phrases[:4]))
    places = (Place((), "object", "whole", (), None), Place(("body",), "any", "object", ("the parsed JSON", "the parsed data"), operation.output("body")))
    owner = draft.introduce("result", "JSON", operation, places, open_base=("body",), fields=True)
    draft.tag("parse_json")
    return Act(text, (call("parse_json", [_argument("content", one.expression)], owner),))


def _lists(draft: Draft) -> tuple[Place, Owner, str, tree.Expression, tuple[str, ...], tuple[Place, ...]] | None:
    found = [f for f in draft.scope.find(("list",), None) if f.owner.operation is not None and f.place.output is not None]
    found = [f for f in found if f.owner.operation is not None and f.owner.operation.connector is not None]
    if not found:
        return None
    one = draft.prefer(found)
    assert one.owner.operation is not None and one.place.output is not None
    names, places = draft.places.element(one.owner.operation, one.place.path, one.place.output)
    return one.place, one.owner, draft.rng.choice(one.phrases), one.expression, names, places


def _element_condition(draft: Draft, names: tuple[str, ...], places: tuple[Place, ...], owner: Owner) -> tuple[str, tree.Expression] | None:
    """A condition on `item`: said of one element."""
    from flowquill.training.data.conditions import condition

    opened = owner.operation is not None and owner.operation.connector in ("excel", "sharepoint", "sql_server", "dataverse", "google_sheets", "airtable")
    element = Owner("item", "item", names[0], owner.operation, places, 10**6, open_base=() if opened else None)
    scope = draft.scope
    owners, focus = list(scope.owners), scope.focus
    scope.owners.append(element)
    scope.focus = element
    made = condition(draft, joined=False, owner=element)
    scope.owners, scope.focus = owners, focus
    return None if made is None else (made.text, made.expression)


def filtered(draft: Draft) -> Node | None:
    """Keeping the elements of a list that fit."""
    listed = _lists(draft)
    if listed is None:
        return None
    place, owner, phrase, expression, names, places = listed
    made = _element_condition(draft, names, places, owner)
    operation = draft.catalog.find(None, "filter")
    if made is None or operation is None or place.output is None:
        return None
    noun = phrase.removeprefix("the ") if phrase.startswith("the ") else place.path[-1]
    text = draft.say("filter", "builtins").format(n=noun, x=phrase, c=made[0])
    output = operation.outputs[0]
    refer = tuple(r.format(n=noun) for r in draft.banks.language["builtins"]["filter_refer"])
    wholes = (Place((), "object", "whole", (), None), Place((output.name,), "list", "list", (*refer, "them"), place.output))
    result = draft.introduce("result", "matches", owner.operation, wholes)
    draft.tag("filter")
    return Act(text, (call("filter", [_argument("from_", expression), _argument("where", made[1])], result),))


def table(draft: Draft) -> Node | None:
    """A list as a CSV or HTML table."""
    listed = _lists(draft)
    operation = draft.catalog.find(None, "table")
    if listed is None or operation is None:
        return None
    form = draft.rng.choice(("HTML", "CSV"))
    text = draft.say(f"table_{form}", "builtins").format(x=listed[2])
    refer = draft.banks.language["builtins"]["table_refer" if form == "HTML" else "csv_refer"]
    output = operation.outputs[0]
    places = (Place((), "object", "whole", (), None), Place((output.name,), "text", "message", (*refer, "it"), output))
    owner = draft.introduce("result", "table", operation, places)
    draft.tag("table")
    return Act(text, (call("table", [_argument("from_", listed[3]), _argument("format", _text(form))], owner),))


def selected(draft: Draft) -> Node | None:
    """Some properties of every element."""
    listed = _lists(draft)
    operation = draft.catalog.find(None, "select")
    if listed is None or operation is None:
        return None
    _, _, phrase, expression, names, places = listed
    fitting = [p for p in places if p.output is not None and p.type in ("text", "integer", "number") and "_" not in p.path[-1]]
    if not fitting:
        return None
    chosen = draft.rng.sample(fitting, 2) if len(fitting) > 1 and draft.chance(0.6) else [draft.rng.choice(fitting)]
    said = [draft.ledger.mark(p.path[-1], p.path[-1]) for p in chosen]
    values = tuple(tree.Entry(tree.Name(p.path[-1]), tree.Member(tree.Reference("item"), tree.Name(p.path[-1]))) for p in chosen)
    if len(chosen) == 2:
        text = draft.say("select_two", "builtins").format(p=said[0], q=said[1], s=names[0], x=phrase)
    else:
        text = draft.say("select", "builtins").format(p=said[0], s=names[0], x=phrase)
    output = operation.outputs[0]
    wholes = (Place((), "object", "whole", (), None), Place((output.name,), "list", "list", ("the result", "the reduced list"), output))
    owner = draft.introduce("result", "list", operation, wholes)
    draft.tag("select")
    return Act(text, (call("select", [_argument("from_", expression), _argument("values", tree.ObjectExpression(values))], owner),))


def _variable(draft: Draft, kind: str, noun: str, phrases: Sequence[str]) -> Owner:
    places = (Place((), kind, "number" if kind in ("integer", "number") else "list" if kind == "list" else "text", tuple(phrases), Output(noun, noun, kind)),)
    return draft.introduce("variable", noun, None, places)


def counted(draft: Draft) -> Node | None:
    """ "count the open tickets": a variable, a loop and an increment."""
    listed = _lists(draft)
    if listed is None:
        return None
    place, owner, phrase, expression, names, places = listed
    noun = phrase.removeprefix("the ") if phrase.startswith("the ") else place.path[-1]
    made = _element_condition(draft, names, places, owner) if draft.chance(0.5) else None
    element = draft.key()
    variable = _variable(draft, "integer", "count", draft.banks.language["builtins"]["count_refer"])
    increment: tuple[tree.Statement, ...] = (tree.Increment(name=tree.Name(variable.key), by=None),)
    if made is not None:
        text = draft.say("count_if", "builtins").format(n=noun, c=made[0])
        increment = (tree.If(condition=_replaced(made[1], element), then=increment, otherwise=None),)
    else:
        text = draft.say("count_each", "builtins").format(n=noun, s=names[0])
    declared = tree.Var(name=tree.Name(variable.key), type="integer", value=tree.Literal(0))
    loop = tree.For(item=tree.Name(element), source=expression, degree=None, body=increment)
    draft.tag("count", "variable")
    return Act(text, (declared, loop))


def collected(draft: Draft) -> Node | None:
    """ "collect the e-mails of all guests": a list variable, or a sum."""
    listed = _lists(draft)
    if listed is None:
        return None
    place, _owner, phrase, expression, names, places = listed
    noun = phrase.removeprefix("the ") if phrase.startswith("the ") else place.path[-1]
    summing = draft.chance(0.4)
    fitting = [p for p in places if p.output is not None and (p.type in ("integer", "number") if summing else p.type == "text") and p.sort != "id"]
    if not fitting:
        return None
    one = draft.rng.choice(fitting)
    words = one.path[-1].strip("_").replace("_", " ")
    element = draft.key()
    read: tree.Expression = tree.Reference(element)
    for part in one.path:
        read = tree.Member(read, tree.Name(part))
    if summing:
        kind = one.type
        variable = _variable(draft, kind, "total", draft.banks.language["builtins"]["sum_refer"])
        body: tree.Statement = tree.Increment(name=tree.Name(variable.key), by=read)
        declared = tree.Var(name=tree.Name(variable.key), type=kind, value=tree.Literal(0))  # type: ignore[arg-type]
        text = draft.say("sum", "builtins").format(p=words, n=noun, s=names[0])
    else:
        variable = _variable(draft, "list", "collected", draft.banks.language["builtins"]["list_refer"])
        body = tree.Append(value=read, name=tree.Name(variable.key))
        declared = tree.Var(name=tree.Name(variable.key), type="list", value=tree.ListExpression(()))
        text = draft.say("collect", "builtins").format(p=words, n=noun, s=names[0])
    loop = tree.For(item=tree.Name(element), source=expression, degree=None, body=(body,))
    draft.tag("variable", "append" if not summing else "increment")
    return Act(text, (declared, loop))


def variable(draft: Draft) -> Node | None:
    """A variable with a first value."""
    if draft.chance(0.5):
        value = str(draft.values.value(draft.rng, draft.rng.choice(("title", "keyword", "status"))))
        made = _variable(draft, "text", "text", ("the variable",))
        text = draft.say("variable_text", "builtins").format(v=draft.quote(value, "title"))
        declared = tree.Var(name=tree.Name(made.key), type="text", value=_text(value))
    else:
        number = draft.rng.choice((0, 1, 5, 10, 100))
        made = _variable(draft, "integer", "count", ("the variable", "the counter"))
        text = draft.say("variable_number", "builtins").format(v=draft.ledger.mark(str(number), number))
        declared = tree.Var(name=tree.Name(made.key), type="integer", value=tree.Literal(number))
    draft.tag("variable")
    return Act(text, (declared,))


def _replaced(expression: tree.Expression, element: str) -> tree.Expression:
    """The condition with the loop's element in place of `item`."""
    from flowquill.training.data.naming import rewritten

    return rewritten(expression, {"item": element})


__all__ = ["call", "manual", "output_class", "pause", "request", "schedule", "step"]
