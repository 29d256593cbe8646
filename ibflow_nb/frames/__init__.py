"""Records of a run, and the frames that they become.

Importing this package does not import pandas; :meth:`Records.to_frame` does.
"""

from ibflow_nb.frames.records import Records

__all__ = ["Records"]
