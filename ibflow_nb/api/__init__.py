"""The wire: request and reply types, the endpoint table and the error tree.

Nothing here does I/O. The client and the embedded platform both stand on this package, so a
request that one sends is by construction a request that the other reads.
"""
