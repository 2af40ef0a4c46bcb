"""How sure a number is and what may be said of it, in one place (science.md §12).

`intervals.py` counts and rates, `resampling.py` the block bootstrap, `comparing.py` exact tests and trends,
`families.py` several tests at once, `gates.py` what is too little, `wording.py` what is not said. Nothing here knows
a session. An analysis that computes an interval, an adjustment or a gate of its own is a fault.
"""
