"""The one exception of this folder."""


class TenantError(Exception):
    """Something that stops the making or the use of an adapter. The message is one sentence that says what and what to do."""
