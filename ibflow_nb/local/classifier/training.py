"""Training: labelled folders of documents become an ``.ibclassifier``.

scikit-learn (extra ``train``) fits the weights; it is not needed to use them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import quantiles

from ibflow_nb.api.errors import ConfigError, InvalidRequest
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.classifier.features import Features, features_of
from ibflow_nb.local.classifier.file import dump_classifier
from ibflow_nb.local.classifier.linear import LinearClassifier
from ibflow_nb.local.classifier.report import ClassFigures, TrainingReport, figures_of
from ibflow_nb.local.documents.errors import UnreadableDocument
from ibflow_nb.local.documents.layout import compose
from ibflow_nb.local.documents.options import ReadOptions
from ibflow_nb.local.documents.readers import read_document
from ibflow_nb.local.documents.record import BrokenRecords, load_records

RECORD_SUFFIX = ".ibdoc"
_MAX_FOLDS = 5


def train_classifier(
    folder: Path,
    output: Path,
    *,
    threshold: float | None = None,
    options: ReadOptions | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> TrainingReport:
    """Train a classifier on a folder that has one sub-folder of documents for each class.

    Args:
        folder: its sub-folders are the labels; documents of every supported type are read, and
            records (``.ibdoc``) taken as they are.
        output: the ``.ibclassifier`` to write.
        threshold: probability below which a document is ``other``; by default chosen half-way
            between chance and what nearly all held-back documents reach.
        options: how documents are read.
        progress: is told the name of each document before it is read.

    Raises:
        ConfigError: scikit-learn is not installed.
        InvalidRequest: there are fewer than two classes with a document that can be read.
    """
    try:
        from ibflow_nb.local.classifier import fitting
    except ImportError as error:
        raise ConfigError(
            "Training a classifier needs scikit-learn; install it with: "
            "pip install 'ibflow-nb[train]'."
        ) from error
    samples = _Samples(folder, options or ReadOptions(), progress)
    folds = min(_MAX_FOLDS, *Counter(samples.labels).values())
    if folds < 2:
        folds, held_back = 0, []
    else:
        held_back = fitting.cross_validate(samples.features, samples.labels, folds)
    if threshold is None:
        threshold = _choose_threshold(samples.labels, held_back)
    classifier = fitting.fit(samples.features, samples.labels, threshold)
    write_atomic(output, dump_classifier(classifier, samples.files))
    return _report(output, classifier, samples, folds, held_back)


class _Samples:
    """The documents of a training folder: features, labels and file names, and what failed."""

    def __init__(self, folder: Path, options: ReadOptions, progress: Callable[[str], None]) -> None:
        self.features: list[Features] = []
        self.labels: list[str] = []
        self.files: dict[str, list[str]] = {}
        self.skipped: dict[str, str] = {}
        for label, path in _labelled_files(folder):
            name = path.relative_to(folder).as_posix()
            progress(name)
            try:
                self._add(label, name, _features(path, options))
            except (UnreadableDocument, BrokenRecords) as error:
                self.skipped[name] = str(error)
        if len(self.files) < 2:
            raise InvalidRequest(
                f"Training needs documents of at least two classes, each class in a sub-folder of "
                f"{folder}; {len(self.files)} with a readable document was found."
            )

    def _add(self, label: str, name: str, features: list[Features]) -> None:
        self.features += features
        self.labels += [label] * len(features)
        self.files.setdefault(label, []).append(name)


def _labelled_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for child in sorted(folder.iterdir()) if folder.is_dir() else ():
        if child.is_dir() and not child.name.startswith("."):
            for path in sorted(child.rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    yield child.name, path


def _features(path: Path, options: ReadOptions) -> list[Features]:
    if path.suffix == RECORD_SUFFIX:
        return [features_of(record) for record in load_records(path)]
    return [features_of(compose(read_document(path, options)))]


def _choose_threshold(labels: Sequence[str], held_back: Sequence[dict[str, float]]) -> float:
    """Go half-way from chance to the probability that 95 % of the right answers reach."""
    chance = 1 / len(set(labels))
    right = [
        probabilities[label]
        for label, probabilities in zip(labels, held_back, strict=False)
        if _is_right(label, probabilities)
    ]
    if len(right) < 2:
        return chance
    return (chance + quantiles(right, n=20, method="inclusive")[0]) / 2


def _likeliest(probabilities: dict[str, float]) -> str:
    return max(probabilities, key=lambda label: probabilities[label])


def _report(
    output: Path,
    classifier: LinearClassifier,
    samples: _Samples,
    folds: int,
    held_back: Sequence[dict[str, float]],
) -> TrainingReport:
    if not held_back:
        counts = Counter(samples.labels)
        figures = [ClassFigures(label, counts[label]) for label in classifier.classes]
        return TrainingReport(
            output=output,
            classes=figures,
            folds=0,
            threshold=classifier.threshold,
            skipped=samples.skipped,
        )
    figures, confusion = figures_of(samples.labels, [_likeliest(given) for given in held_back])
    below = sum(max(given.values()) < classifier.threshold for given in held_back)
    return TrainingReport(
        output=output,
        classes=figures,
        folds=folds,
        threshold=classifier.threshold,
        accuracy=sum(map(_is_right, samples.labels, held_back)) / len(held_back),
        macro_f1=sum(item.f1 for item in figures) / len(figures),
        rejected=below / len(held_back),
        confusion=confusion,
        skipped=samples.skipped,
    )


def _is_right(label: str, probabilities: dict[str, float]) -> bool:
    return _likeliest(probabilities) == label
