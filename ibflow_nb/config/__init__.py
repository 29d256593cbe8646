"""What can be set, where it can be said, and which place wins.

Nothing here does network I/O, and nothing heavy is imported: ``%load_ext`` stands on it.
"""
