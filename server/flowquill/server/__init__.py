"""The language server: pygls only. Everything heavy is imported when it is first needed, never here."""
