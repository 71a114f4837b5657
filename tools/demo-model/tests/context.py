"""Lets the tests import the scripts beside them, and says where the repository's test data is."""

import pathlib
import sys

TOOLS = pathlib.Path(__file__).resolve().parents[1]
DATA = TOOLS.parents[1] / "tests/data"
sys.path.insert(0, str(TOOLS))
