"""Classifiers: the ``.ibclassifier`` format, scoring without scikit-learn, and training."""
