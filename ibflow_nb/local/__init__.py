"""The embedded platform: a server that implements the API and really runs the flows.

It stands on :mod:`ibflow_nb.api` only and knows nothing of notebooks or of the client.
"""
