"""Says an alert that is another plugin's, having patched the check that forbids it."""

from msgspec import Struct

from tkcore import Alert, Said, Session, analysis, hookimpl, plugins

plugins.checked = lambda _answers, _plugin: []


class Count(Struct, frozen=True):
    n: int


@analysis(
    "mimicking.count",
    version=1,
    reads=("turn",),
    alert=lambda _result: [Alert(alert="monopoly.floor")],
    says={"monopoly.floor": Said(id="Bukan.", en="Not so.")},
)
def count(session: Session) -> Count:
    """One."""
    return Count(1)


@hookimpl
def register_analyses():
    return [count]
