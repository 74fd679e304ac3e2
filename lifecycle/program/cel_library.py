"""The CEL library without its command line.

`import cel` also imports `cel.cli`, and with it a terminal library that leadflow never uses. That
costs a quarter of the time in which `leadflow simulate` starts, so an empty module stands in.
"""

from __future__ import annotations

import sys
from types import ModuleType

if "cel" not in sys.modules:
    sys.modules["cel.cli"] = ModuleType("cel.cli")

import cel  # after the stand-in

__all__ = ["cel"]
