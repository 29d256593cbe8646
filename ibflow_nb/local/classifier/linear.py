"""The trained classifier: tf-idf of terms times one weight a class, in plain Python.

A document's vector is scaled by all of its terms, also those that training never saw. A document
of unknown words therefore has a short vector, and as no class has a head start, none is likely.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from math import exp, log, sqrt

import msgspec

from ibflow_nb.local.classifier.features import Features, features_of
from ibflow_nb.local.classifier.prediction import OTHER, Prediction
from ibflow_nb.local.documents.record import Record


class Block(msgspec.Struct, dict=True):
    """Terms of one kind (text or layout) and what they weigh.

    Attributes:
        scale: length of this part of a document's vector.
        unknown: idf of a term that is not in ``terms``.
        terms: the vocabulary.
        idf: inverse document frequency of each term.
        weights: for each class, the weight of each term.
    """

    scale: float
    unknown: float
    terms: list[str]
    idf: list[float]
    weights: list[list[float]] = []

    @cached_property
    def _index(self) -> dict[str, int]:
        return {term: index for index, term in enumerate(self.terms)}

    def vector(self, counts: Counter[str]) -> dict[int, float]:
        """Give the tf-idf of a document's known terms by their index in ``terms``."""
        known: dict[int, float] = {}
        square = 0.0
        for term, count in counts.items():
            index = self._index.get(term)
            value = (1 + log(count)) * (self.unknown if index is None else self.idf[index])
            square += value * value
            if index is not None:
                known[index] = value
        factor = self.scale / sqrt(square) if square else 0.0
        return {index: value * factor for index, value in known.items()}


class LinearClassifier(msgspec.Struct):
    """A classifier made by training.

    Attributes:
        classes: the labels.
        threshold: a document whose likeliest class is below it is ``other``.
        text: the terms of the text.
        layout: the terms of the layout.
    """

    classes: list[str]
    threshold: float
    text: Block
    layout: Block

    def __post_init__(self) -> None:
        """Refuse parameters that do not fit each other.

        Raises:
            ValueError: there are no classes, or a list has another length than the classes or
                the terms ask for.
        """
        if not self.classes:
            raise ValueError("it has no classes")
        blocks = (self.text, self.layout)
        fits = all(
            len(block.weights) == len(self.classes)
            and {len(block.idf), *map(len, block.weights)} == {len(block.terms)}
            for block in blocks
        )
        if not fits:
            raise ValueError("its lists of classes, terms and weights have different lengths")

    def predict(self, record: Record) -> Prediction:
        """Classify one record."""
        probabilities = self.probabilities(features_of(record))
        label = max(self.classes, key=lambda name: probabilities[name])
        best = probabilities[label]
        if best < self.threshold:
            return Prediction(OTHER, 1 - best, probabilities)
        return Prediction(label, best, probabilities)

    def probabilities(self, features: Features) -> dict[str, float]:
        """Give the probability of each class."""
        scores = [0.0] * len(self.classes)
        for block, counts in ((self.text, features.text), (self.layout, features.layout)):
            for index, value in block.vector(counts).items():
                for number, weights in enumerate(block.weights):
                    scores[number] += value * weights[index]
        powers = [exp(score - max(scores)) for score in scores]
        return {name: power / sum(powers) for name, power in zip(self.classes, powers, strict=True)}
