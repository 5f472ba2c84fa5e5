"""What a language model wrote becomes a flow whose names are bound once."""

from __future__ import annotations

from flowquill.generation.engines.answer import finished, flow_of
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import render


def test_a_name_bound_again_is_another_name_from_there_on(catalog: Catalog) -> None:
    flow = flow_of("on manual()\nemail = outlook.get_email()\noutlook.send_email(to: email.from)\nemail = outlook.get_email()\noutlook.send_email(to: email.from)")
    text = render(finished(flow, catalog))
    assert "email_2 = outlook.get_email()\n  outlook.send_email(to: email_2.from)" in text
    assert "  email = outlook.get_email()\n  outlook.send_email(to: email.from)" in text


def test_loops_get_the_names_a_person_would_choose(catalog: Catalog) -> None:
    flow = flow_of("on manual()\nemails = outlook.get_emails()\nfor element in emails.emails {\n  outlook.send_email(to: element.from)\n}")
    assert "for email in emails.emails {" in render(finished(flow, catalog))


def test_a_completion_keeps_clear_of_the_names_around_it(catalog: Catalog) -> None:
    around = flow_of("on manual()\nemail = outlook.get_email()")
    new = finished(flow_of("email = outlook.get_email()\noutlook.send_email(to: email.from)"), catalog, around, completion=True)
    assert "email_2 = outlook.get_email()" in render(new)
