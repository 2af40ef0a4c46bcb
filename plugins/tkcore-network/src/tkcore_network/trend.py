"""A trend over the sessions of a group: few values, so exact (science.md §3, Evolution)."""

from __future__ import annotations

from tkcore import mann_kendall, theil_sen

__all__ = ["mann_kendall", "theil_sen"]
