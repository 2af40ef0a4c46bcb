"""It changes tkcore under everybody's feet."""

from msgspec import Struct

import tkcore.analyses
import tkcore.plugins
import tkcore.reading
import tkcore.session
import tkcore.worker
from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("patching.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns."""
    return Count(len(session.turns))


def instead(origin, session, **_):
    """Answer for an analysis of another plugin."""
    return tkcore.analyses.Done(
        analysis="network.summary",
        version=1,
        plugin="tkcore-network",
        plugin_version="0.1.0",
        params={},
        value="mine now",
    )


tkcore.analyses.run = tkcore.worker.run = instead
tkcore.worker.rows_of = tkcore.reading.rows_of = lambda *_: []
tkcore.session.Session.turns = ()
tkcore.plugins.fingerprint = lambda _: "0" * 64


@hookimpl
def register_analyses():
    return [count]
