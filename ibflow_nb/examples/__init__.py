"""A small workspace of documents, flows and refiners, made to try everything on.

Each folder of the workspace holds ``input/``, a flow, its modules, and ``truth.json``: for each
document the fields that it holds. The documents are drawn by
:mod:`ibflow_nb.examples.generator`.
"""

from ibflow_nb.examples.installer import EXAMPLES, WORKSPACE, install

__all__ = ["EXAMPLES", "WORKSPACE", "install"]
