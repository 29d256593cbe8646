"""A small workspace of documents, flows and refiners, made to try everything on.

=============== ==================================================================
``receipts``    scans and PDFs of receipts; one scan is smudged where its date is
``invoices``    scans and PDFs of invoices with tables of line items
``statements``  an account statement whose table goes on over two pages
``mixed``       receipts, invoices and a letter, a classifier, and a flow for each class
``post``        a bundle in one PDF, for ``map_records``, ``filter`` and ``merge_files``
``checked``     invoices for a checkpoint, one with a total that is wrong
``solutions``   content folders of solutions
=============== ==================================================================

A folder holds ``input/``, a flow, its modules, and ``truth.json``: for each document the fields
that it holds. It can be taken by itself. The documents are drawn by
:mod:`ibflow_nb.examples.generator`.
"""

from ibflow_nb.examples.installer import EXAMPLES, WORKSPACE, install

__all__ = ["EXAMPLES", "WORKSPACE", "install"]
