"""Document flows in Jupyter: ``%load_ext ibflow_nb``, then ``%ibflow``.

Importing this package loads nothing heavy; the public names are loaded when they are used.
"""

from __future__ import annotations

__version__ = "0.1.0"
