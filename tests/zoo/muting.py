"""It takes away the words with which its process speaks."""

import msgspec

from tkcore import hookimpl

msgspec.json.encode = lambda *_, **__: b"[]"


@hookimpl
def register_analyses():
    return []
