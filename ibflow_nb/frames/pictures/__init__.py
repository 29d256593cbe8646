"""Pictures of records: pages with their fields boxed, and charts of a run.

All are plain HTML and CSS made of records, so that they look the same in a notebook, in a saved
one and in an export.
"""
