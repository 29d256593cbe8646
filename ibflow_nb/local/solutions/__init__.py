"""Solutions: packages, the marketplace, installed solutions and their runs."""
