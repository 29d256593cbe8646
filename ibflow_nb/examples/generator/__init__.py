"""Draws the documents of the example workspace: ``python -m ibflow_nb.examples.generator``.

Companies, people and figures are invented. The same code gives the same documents. Needs
reportlab (extra ``dev``) beside the extra ``local``; the documents themselves are part of the
package, so nobody else needs to run this.
"""
