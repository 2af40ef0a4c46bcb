"""What the tests have in common is a sibling of theirs: process_cases."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
