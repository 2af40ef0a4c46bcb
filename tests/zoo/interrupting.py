"""It raises what no `except Exception` stops, while it is imported."""

raise KeyboardInterrupt
