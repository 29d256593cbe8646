"""Fitting the weights of a linear classifier with scikit-learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from typing import Any

from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from ibflow_nb.local.classifier.features import Features
from ibflow_nb.local.classifier.linear import Block, LinearClassifier

_MAX_TERMS = 20_000
_MANY_DOCUMENTS = 20  # from here on a term must be in two documents to count
_LAYOUT_SCALE = 0.5  # the text decides, the layout helps
_PENALTY = 30.0  # inverse strength of the regularisation
_DECIMALS = 6


def fit(features: Sequence[Features], labels: Sequence[str], threshold: float) -> LinearClassifier:
    """Fit a classifier to labelled documents.

    Args:
        features: terms of each document.
        labels: label of each document; at least two different ones.
        threshold: probability below which a document is ``other``.
    """
    text = _vocabulary([item.text for item in features], 1.0)
    layout = _vocabulary([item.layout for item in features], _LAYOUT_SCALE)
    matrix = hstack(
        [
            _matrix(text, (item.text for item in features)),
            _matrix(layout, (item.layout for item in features)),
        ],
        format="csr",
    )
    # Without an intercept a document of unknown terms is equally likely of every class.
    model = LogisticRegression(
        C=_PENALTY, class_weight="balanced", fit_intercept=False, max_iter=1000
    )
    model.fit(matrix, labels)
    weights = _one_row_a_class(model)
    text.weights = [row[: len(text.terms)] for row in weights]
    layout.weights = [row[len(text.terms) :] for row in weights]
    return LinearClassifier(
        classes=[str(label) for label in model.classes_],
        threshold=round(threshold, _DECIMALS),
        text=text,
        layout=layout,
    )


def cross_validate(
    features: Sequence[Features], labels: Sequence[str], folds: int
) -> list[dict[str, float]]:
    """Give each document's probabilities from a classifier that never saw it."""
    given: list[dict[str, float]] = [{} for _ in features]
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=0)
    for train, test in splitter.split(features, labels):
        classifier = fit([features[i] for i in train], [labels[i] for i in train], 0.0)
        for index in test:
            given[index] = classifier.probabilities(features[index])
    return given


def _vocabulary(documents: Sequence[Counter[str]], scale: float) -> Block:
    """Choose the terms that are in most documents, and weigh the rare ones more."""
    frequency = Counter(term for counts in documents for term in counts)
    least = 2 if len(documents) >= _MANY_DOCUMENTS else 1
    ranked = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))
    chosen = [(term, count) for term, count in ranked[:_MAX_TERMS] if count >= least]
    total = len(documents) + 1
    return Block(
        scale=scale,
        unknown=round(log(total) + 1, _DECIMALS),
        terms=[term for term, _ in chosen],
        idf=[round(log(total / (count + 1)) + 1, _DECIMALS) for _, count in chosen],
    )


def _matrix(block: Block, documents: Iterable[Counter[str]]) -> csr_matrix:
    values: list[float] = []
    columns: list[int] = []
    starts = [0]
    for counts in documents:
        vector = block.vector(counts)
        values += vector.values()
        columns += vector.keys()
        starts.append(len(values))
    return csr_matrix((values, columns, starts), shape=(len(starts) - 1, len(block.terms)))


def _one_row_a_class(model: Any) -> list[list[float]]:
    """Give the weights of each class; for two classes the model has those of the second."""
    weights = [[round(weight, _DECIMALS) for weight in row] for row in model.coef_.tolist()]
    if len(weights) == 1:
        return [[0.0] * len(weights[0]), weights[0]]
    return weights
