"""Puts a plan into words: prose in several moods and registers, lists, keywords."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowquill.training.data.draft import Draft
from flowquill.training.data.inflect import inflect, passive
from flowquill.training.data.nodes import Act, Attempt, Branch, Choose, Group, Loop, Node, Repeat, Start, Together
from flowquill.training.data.text import capital, lower_first, plain, tidy

_END = re.compile(r"[.!?:;][\"'”’»`)]*$")


class Realiser:
    """Says one plan. `mood` is "base" (imperative), "third" or "gerund"."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    # Clauses

    def act(self, node: Act, mood: str, subject: bool) -> str:
        """One clause."""
        if mood == "third":
            return ("it " if subject else "") + inflect(node.say, "third") if node.lead != "todo" else ("it " if subject else "") + _todo_third(node.say)
        return inflect(node.say, mood) if node.lead != "todo" else node.say

    def unit(self, node: Node, mood: str, subject: bool = True) -> str:
        """A node as a part of a sentence, or as several."""
        if node.after:
            return self._framed(node, mood)
        match node:
            case Act():
                return self.act(node, mood, subject)
            case Branch():
                return self._branch(node, mood)
            case Loop():
                return self._loop(node, mood)
            case Choose():
                return self._choose(node, mood)
            case Repeat():
                return self._repeat(node)
            case Together():
                return self._together(node, mood)
            case Attempt():
                return self._attempt(node, mood)
            case Group():
                return self.draft.say("scope").format(do=self.body(node.body, mood))
            case _:
                raise TypeError(type(node).__name__)

    def _framed(self, node: Node, mood: str) -> str:
        after, node.after = node.after, ()
        try:
            return self.draft.say(node.frame).format(do=self.body([node], mood))
        finally:
            node.after = after

    def body(self, nodes: Sequence[Node], mood: str, subject: bool = True) -> str:
        """Steps of a block in one sentence."""
        parts: list[str] = []
        for index, node in enumerate(nodes):
            parts.append(self.unit(node, mood, subject and index == 0))
        return self.join(parts, nodes)

    def join(self, parts: Sequence[str], nodes: Sequence[Node]) -> str:
        """Clauses of one sentence."""
        if len(parts) == 1:
            return parts[0]
        text = parts[0]
        draft = self.draft
        for index, part in enumerate(parts[1:], 1):
            last = index == len(parts) - 1
            if not nodes[index - 1].simple or not nodes[index].simple:
                text += draft.rng.choice((", then ", "; then ", ", and then ")) if not nodes[index].after else draft.rng.choice((", ", "; ", ", and "))
                text += part
                continue
            shared = self._shared(parts[index - 1], part) if draft.chance(0.7) else None
            if shared is not None:
                draft.tag("shared verb")
                text = f"{self._without_tail(text, part) if draft.chance(0.6) else text}{' and ' if last else ', '}{shared}"
            else:
                text += draft.say("and" if last else "comma") + part
        return text

    @staticmethod
    def _shared(first: str, second: str) -> str | None:
        """The second clause without the verb that it shares with the first."""
        one, two = first.split(" ", 1), second.split(" ", 1)
        if len(one) < 2 or len(two) < 2 or one[0].lower() != two[0].lower() or not two[1].startswith(("a ", "an ", "the ", "all ")):
            return None
        return two[1]

    @staticmethod
    def _without_tail(text: str, part: str) -> str:
        """The text without the place at its end ("in Trello") that the next clause names too."""
        tail = re.search(r" (?:in|from|on|to|with|via) [A-Z][\w ]*$", plain(part))
        return text.removesuffix(tail[0]) if tail else text

    def _branch(self, node: Branch, mood: str) -> str:
        draft = self.draft
        condition, then = node.arms[0]
        do = self.body(then, mood)
        flat = all(n.simple for n in then)
        if len(node.arms) > 1:
            second, body = node.arms[1]
            text = draft.say("else_if").format(c=condition.text, do=do, c2=second.text, do2=self.body(body, mood))
            if node.otherwise:
                text += draft.say("else_tail").format(**{"else": self.body(node.otherwise, mood)})
            return text
        if node.otherwise:
            return self._sentences(draft.say("if_else").format(c=condition.text, do=do, **{"else": self.body(node.otherwise, mood)}))
        if node.negated:
            key = "unless_after" if flat and draft.chance(0.4) else "unless"
        else:
            key = "if_after" if flat and draft.chance(0.25) else "if"
        return draft.say(key).format(c=condition.text, do=do)

    def _loop(self, node: Loop, mood: str) -> str:
        draft = self.draft
        do = self.body(node.body, mood)
        values = {"s": node.singular, "n": node.plural, "x": node.source_phrase, "do": do}
        if node.degree is not None:
            return draft.say("for_parallel").replace("in parallel, {do}", "up to {v} in parallel, {do}").format(v=node.degree[1], **values)
        flat = len(node.body) == 1 and node.body[0].simple
        key = "for_after" if flat and not _pronoun(do) and draft.chance(0.3) else "for"
        return draft.say(key).format(**values)

    def _choose(self, node: Choose, mood: str) -> str:
        draft = self.draft
        form = draft.say("switch_case")
        cases = [form.format(v=v, do=self.body(body, mood)) for v, _, body in node.cases]
        if node.default:
            cases.append(draft.say("switch_default").format(do=self.body(node.default, mood)))
        return draft.say("switch").format(x=node.phrase, cases=draft.rng.choice(("; ", ", ", "; ")).join(cases))

    def _repeat(self, node: Repeat) -> str:
        draft = self.draft
        do = self.body(node.body, "base")
        if node.pause is not None:
            text = draft.say("until").format(do=do, t=node.pause[0], c=node.condition.text)
        else:
            text = draft.say("until_plain").format(do=do, c=node.condition.text)
        return text + (draft.say("until_limit").format(v=node.limit[0]) if node.limit else "")

    def _together(self, node: Together, mood: str) -> str:
        return self.draft.say("parallel").format(a=self.body(node.branches[0], mood), b=self.body(node.branches[1], mood))

    def _attempt(self, node: Attempt, mood: str) -> str:
        draft = self.draft
        text = draft.say("try").format(do=self.body(node.body, "base"), catch=self.body(node.catch, "base"))
        return self._sentences(text + (draft.say("finally").format(f=self.body(node.final, "base")) if node.final else ""))

    @staticmethod
    def _sentences(text: str) -> str:
        return re.sub(r"([.?] )([a-z])", lambda m: m[1] + m[2].upper(), text)

    # Whole requests

    def prose(self, start: Start, nodes: Sequence[Node]) -> str:
        """Sentences."""
        draft = self.draft
        register = draft.rng.choices(
            ("imperative", "reversed", "third", "wish", "question", "passive"), (0.40, 0.13, 0.24, 0.13, 0.05, 0.05)
        )[0]
        groups = self._groups(nodes)
        head = groups[0]
        flat = all(n.simple for n in head)
        if not flat and register in ("reversed", "question", "passive", "wish"):
            register = "imperative" if draft.chance(0.6) else "third"
        if register == "passive":
            done = self._passive(head)
            if done is None or start.family == "manual":
                register = "imperative"
            elif start.family == "schedule":
                text = f"{start.text}, {done}" if draft.chance(0.5) else f"{done} {start.text}"
                draft.tag("passive")
                return self._finish(text, groups[1:], "base")
            else:
                draft.tag("passive")
                return self._finish(draft.say("create_passive").format(w=start.text, done=done), groups[1:], "base")
        draft.tag(register)
        mood = "third" if register == "third" else "base"
        return self._finish(self._head(start, head, register, mood, flat), groups[1:], mood)

    def _head(self, start: Start, head: Sequence[Node], register: str, mood: str, flat: bool) -> str:
        draft = self.draft
        values = {"w": start.text, "s": start.text}
        if start.family == "manual" and draft.plain and not start.inputs and draft.chance(0.75):
            return self.body(head, mood, subject=mood == "third")
        if start.family == "manual":
            key = {"third": "manual_third", "wish": "manual_wish", "question": "manual_wish"}.get(register, "manual_imperative")
        elif start.family == "schedule":
            key = {"third": "schedule_third", "wish": "schedule_wish", "question": "schedule_wish"}.get(register, "schedule_imperative")
        else:
            key = {"third": "create_third", "wish": "create_wish", "question": "create_question", "reversed": "create_reversed"}.get(
                register, "create_imperative"
            )
        for _ in range(30):
            frame = draft.say(key)
            if flat or self._opens(frame, mood):
                break
        else:
            frame = {"event": "When {w}, {do}", "schedule": "{s}, {do}", "manual": "{do}"}[start.family]
        third = "{does}" in frame
        if not flat and third:
            frame = re.sub(r"(it|this flow|the flow|the workflow|this workflow|the automation|this automation|this scenario) \{does\}", "{does}", frame)
        said = self.body(head, "third" if third else "base", subject=third and not flat)
        if not flat and third and not frame.startswith(("{does}",)) and "{does}" in frame:
            said = lower_first(said)
        text = frame.format(do=said, does=said, **values)
        if start.inputs:
            text = f"{start.inputs}, {lower_first(text)}" if draft.chance(0.5) else f"{text.rstrip('?.')} {start.inputs}" + ("?" if text.endswith("?") else "")
        return text

    @staticmethod
    def _opens(frame: str, mood: str) -> bool:
        """Whether a frame leaves the steps at the end, behind a pause, so that they may have clauses of their own."""
        return bool(re.search(r"(?:^|[,.:>] |: |-> |then )(?:please |automatically |it |this flow |the workflow |the flow |the automation )?\{do(?:es)?\}$", frame))

    def _passive(self, head: Sequence[Node]) -> str | None:
        parts: list[str] = []
        for node in head:
            if not isinstance(node, Act) or node.lead == "todo":
                return None
            done = passive(node.say)
            if done is None:
                return None
            parts.append(done)
        return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]

    def _groups(self, nodes: Sequence[Node]) -> list[list[Node]]:
        """Runs of simple steps, up to three each; anything else alone."""
        groups: list[list[Node]] = []
        size = 0
        for node in nodes:
            if node.simple and groups and len(groups[-1]) < size and all(n.simple for n in groups[-1]):
                groups[-1].append(node)
            else:
                groups.append([node])
                size = self.draft.rng.choice((1, 2, 2, 3, 3, 4))
        return groups

    def _finish(self, text: str, groups: Sequence[Sequence[Node]], mood: str) -> str:
        """The first sentence and those that follow."""
        draft = self.draft
        sentences = [text]
        for index, group in enumerate(groups):
            before = groups[index - 1] if index else None
            flat = all(n.simple for n in group)
            unit = self.body(group, mood, subject=mood == "third" and not flat)
            if group[0].after:
                sentences.append(unit)
                continue
            resumed = before is not None and not all(n.simple for n in before) and not before[0].after
            if before is None and ("otherwise" in sentences[-1].lower() or _complex_start(sentences[-1])):
                resumed = True
            if resumed:
                previous = before[0] if before else None
                if isinstance(previous, Loop):
                    frame = draft.say("resume_for").replace("Then, once, {u}", "Then {u}")
                    unit = frame.format(n=previous.plural, u=_subject(unit, mood, flat))
                else:
                    unit = draft.say("resume").format(u=_subject(unit, mood, flat))
            elif flat and mood == "third":
                unit = draft.say("next_third").format(u=unit)
            elif index == len(groups) - 1 and draft.chance(0.4):
                unit = draft.say("last").format(u=_subject(unit, mood, flat))
            else:
                unit = draft.say("next").format(u=_subject(unit, mood, flat))
            sentences.append(unit)
        return self.sentences(sentences)

    def sentences(self, sentences: Sequence[str]) -> str:
        """Capitals and full stops."""
        out = [capital(s.strip()) for s in sentences]
        out = [s if _END.search(plain(s)) and not plain(s).endswith((":", ";")) else s.rstrip(",;:") + "." for s in out]
        return tidy(" ".join(out))

    def listed(self, start: Start, nodes: Sequence[Node]) -> str:
        """A numbered or bulleted list."""
        draft = self.draft
        draft.tag("list")
        style = draft.rng.choice(("number", "number", "paren", "dash", "star", "step"))
        lines: list[str] = []
        if start.family == "manual":
            lead = f"{start.inputs}:" if start.inputs else draft.rng.choice(("Steps:", "Do this:", "", "Please:", "The flow should:", "What it does:"))
        elif draft.chance(0.6):
            when = start.text if start.family == "schedule" else f"{draft.rng.choice(('When', 'Whenever', 'Every time', 'Once'))} {start.text}"
            lead = when + draft.rng.choice((":", ":", " do the following:", ", then:", ""))
        else:
            lead = ""
            said = start.text if start.family == "schedule" else f"{draft.rng.choice(('When ', 'Trigger: ', 'Wait until ', ''))}{start.text}"
            lines.append(said)
        lines += [self.unit(n, "base", False) for n in nodes]
        marks = {"number": "{}. ", "paren": "{}) ", "dash": "- ", "star": "* ", "step": "Step {}: "}[style]
        text = "\n".join(marks.format(i) + (capital(line) if draft.chance(0.8) else line) for i, line in enumerate(lines, 1))
        if lead:
            text = capital(lead) + "\n" + text
        return tidy(text)

    def terse(self, start: Start, nodes: Sequence[Node]) -> str:
        """Keywords with arrows or commas."""
        draft = self.draft
        draft.tag("terse")
        arrow = draft.rng.choice((" -> ", " → ", " => ", ", ", "; ", " > ", " | ", " then ", " + "))
        parts = [start.text] if start.text else []
        parts += [self.unit(n, "base", False) for n in nodes]
        if start.inputs:
            parts.insert(0, start.inputs)
        text = arrow.join(parts)
        return tidy(text if draft.chance(0.6) else capital(text))


def _subject(unit: str, mood: str, flat: bool) -> str:
    return f"it {unit}" if mood == "third" and flat else unit


def _todo_third(say: str) -> str:
    return f"leaves a note to {say}"


def _pronoun(text: str) -> bool:
    return bool(re.search(r"\b(?:its|their|it|them)\b", plain(text)))


def _complex_start(text: str) -> bool:
    return bool(re.search(r"\b(?:if|unless|for each|for every|each|until)\b", plain(text)))
