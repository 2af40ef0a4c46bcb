"""Its process is gone before it says anything."""

import os

os._exit(0)
