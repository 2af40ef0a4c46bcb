"""`python -m tkcore` is `tk`."""

from tkcore.cli import main

main()
