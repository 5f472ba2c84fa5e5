"""What editors ask about a flow's text, as pure functions of text and offsets; no protocol here."""
