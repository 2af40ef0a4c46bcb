"""How the structure of communication moves from meeting to meeting (science.md §3, Evolution)."""

from __future__ import annotations

from msgspec import Struct

from tkcore import Group, Said, Withheld, gate, group_analysis
from tkcore_network.trend import mann_kendall, theil_sen

ORDER = {"vertical": 0, "triangular": 1, "circular": 2}
"""The handbook's course of a group; the two horizontal structures lie beside it."""


class MeetingStructure(Struct, frozen=True, kw_only=True):
    """One meeting, `dominance` its λ; what it could not say is withheld with the reason."""

    session: str
    number: int
    dominance: float | Withheld
    structure: str | Withheld
    printed: tuple[str, ...] | Withheld


class Trend(Struct, frozen=True, kw_only=True):
    """`n` meetings have a λ; `score` is Mann and Kendall's S, `p` exact and two-sided, `slope` per meeting; `returns`
    counts meetings that were nearer to vertical than the one before, by the structure printed for both.
    """

    meetings: tuple[MeetingStructure, ...]
    n: int
    score: int | Withheld
    tau: float | Withheld
    p: float | Withheld
    slope: float | Withheld
    returns: int
    said: Said


@group_analysis("network.trend", version=1, needs=("network.structure",))
def trend(group: Group) -> Trend:
    """Whether talk goes less through the leader from meeting to meeting.

    On λ of each meeting in the order they were held (a meeting without one stays missing): Mann and Kendall's S and
    τ with the exact two-sided p, and Theil and Sen's slope, from 5 meetings on. Beside it how often a group went back
    to an earlier structure, counted over neighbouring meetings whose structure could be printed. Source: science.md §3.

    Limits: with few meetings little can be shown (five must all point one way); a group that returns to an earlier
    structure is ordinary; a trend is not a cause and no grade of a group or a leader.
    """
    meetings = []
    for result in group.results("network.structure"):
        found = result.value
        none = Withheld("no structure in this meeting", 0)
        meetings.append(
            MeetingStructure(
                session=result.meeting.session, number=result.meeting.number,
                dominance=found.dominance if found else none,
                structure=found.structure if found else none, printed=found.printed if found else none,
            )
        )  # fmt: skip
    values = [m.dominance for m in meetings if isinstance(m.dominance, float)]
    score: int | Withheld
    tau: float | Withheld
    p: float | Withheld
    slope: float | Withheld
    # below five meetings no exact test can reach .05 (science.md §3)
    if few := gate("meetings", len(values), 5):
        score = tau = p = slope = few
    else:
        score, tau, p = mann_kendall(values)
        slope = theil_sen(values)
    return Trend(
        meetings=tuple(meetings), n=len(values), score=score, tau=tau, p=p, slope=slope,
        returns=_returns(meetings), said=_said(p, slope),
    )  # fmt: skip


def _returns(meetings: list[MeetingStructure]) -> int:
    sure = [
        ORDER[m.printed[0]]
        for m in meetings
        if not isinstance(m.printed, Withheld) and len(m.printed) == 1 and m.printed[0] in ORDER
    ]
    return sum(later < before for before, later in zip(sure, sure[1:], strict=False))


def _said(p: float | Withheld, slope: float | Withheld) -> Said:
    if isinstance(p, Withheld) or isinstance(slope, Withheld):
        return Said("belum cukup pertemuan untuk melihat arah", "not enough meetings to see a direction")
    if p >= 0.05:
        return Said("tidak tampak arah yang jelas", "no clear direction is seen")
    if slope < 0:
        return Said(
            "pembicaraan makin sedikit melalui terapis dari pertemuan ke pertemuan",
            "talk goes less through the leader from meeting to meeting",
        )
    return Said(
        "pembicaraan makin banyak melalui terapis dari pertemuan ke pertemuan",
        "talk goes more through the leader from meeting to meeting",
    )
