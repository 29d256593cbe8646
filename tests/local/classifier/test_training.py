"""Training classifiers on labelled folders."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ibflow_nb.api.errors import ConfigError, InvalidRequest
from ibflow_nb.local.classifier.features import features_of
from ibflow_nb.local.classifier.file import load_classifier
from ibflow_nb.local.classifier.report import TrainingReport, figures_of
from ibflow_nb.local.classifier.training import train_classifier
from ibflow_nb.local.documents.layout import compose, page_from_text
from ibflow_nb.local.documents.record import Record, save_records

pytest.importorskip("sklearn", reason="training needs scikit-learn")


def record(text: str) -> Record:
    """Make a record of one page of text."""
    return compose([page_from_text(text)])


@pytest.fixture(scope="module")
def trained(
    training_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrainingReport]:
    """A classifier trained on the folder, and what training told."""
    output = tmp_path_factory.mktemp("trained") / "made.ibclassifier"
    return output, train_classifier(training_folder, output)


def test_the_figures_are_those_of_documents_held_back(
    trained: tuple[Path, TrainingReport],
) -> None:
    """Classes that differ clearly are told apart, and the table says so."""
    _, report = trained
    assert [(figures.label, figures.documents) for figures in report.classes] == [
        ("invoice", 6),
        ("letter", 6),
        ("receipt", 6),
    ]
    assert report.folds == 5
    assert report.macro_f1 > 0.9
    assert "5-fold cross-validation: accuracy" in str(report)


def test_new_documents_get_their_class(trained: tuple[Path, TrainingReport]) -> None:
    """A document that training did not see is given the class of its words."""
    classifier = load_classifier(trained[0].read_bytes())
    prediction = classifier.predict(
        record("Invoice number 12\ncustomer\namount due\niban\nnet tax")
    )
    assert prediction.label == "invoice"
    assert prediction.score == max(prediction.probabilities.values())
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_a_document_of_unknown_words_is_other(trained: tuple[Path, TrainingReport]) -> None:
    """What resembles no class is given none."""
    classifier = load_classifier(trained[0].read_bytes())
    assert classifier.predict(record("Quod erat demonstrandum est\n" * 5)).label == "other"


def test_scoring_equals_scikit_learn(training_folder: Path, tmp_path: Path) -> None:
    """The probabilities of the file are those of the model that was fitted."""
    from sklearn.linear_model import LogisticRegression

    models: list[LogisticRegression] = []
    matrices = []
    original = LogisticRegression.fit

    def spy(self: LogisticRegression, matrix: object, labels: object) -> LogisticRegression:
        models.append(self)
        matrices.append(matrix)
        return original(self, matrix, labels)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LogisticRegression, "fit", spy)
        train_classifier(training_folder, tmp_path / "c.ibclassifier")
    classifier = load_classifier((tmp_path / "c.ibclassifier").read_bytes())
    expected = models[-1].predict_proba(matrices[-1])
    files = sorted(training_folder.rglob("*.txt"))
    for file, row in zip(files, expected, strict=True):
        given = classifier.predict(record(file.read_text())).probabilities
        assert list(given.values()) == pytest.approx(list(row), abs=1e-4)


def test_scoring_needs_no_scikit_learn(trained: tuple[Path, TrainingReport]) -> None:
    """Loading and using a classifier imports neither scikit-learn nor scipy."""
    import subprocess

    code = (
        "import sys; from pathlib import Path\n"
        "from ibflow_nb.local.classifier.file import load_classifier\n"
        "from ibflow_nb.local.documents.record import Record\n"
        "load_classifier(Path(sys.argv[1]).read_bytes()).predict(Record(text='invoice'))\n"
        "assert not {'sklearn', 'scipy', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(trained[0])], check=True)


def test_the_file_is_json_without_code(trained: tuple[Path, TrainingReport]) -> None:
    """The file has the platform's keys, and its parameters are JSON in a string."""
    content = json.loads(trained[0].read_text())
    assert content["type"] == "linear"
    assert content["version"] == "1.1"
    assert content["classes"] == ["invoice", "letter", "receipt"]
    assert len(content["class_mapping_to_training_files"]["letter"]) == 6
    assert json.loads(content["classifier_text"])["classes"] == content["classes"]


def test_training_twice_gives_the_same_file(training_folder: Path, tmp_path: Path) -> None:
    """There is no chance in training."""
    for name in ("a", "b"):
        train_classifier(training_folder, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_records_and_unreadable_files(training_folder: Path, tmp_path: Path) -> None:
    """Record files count one sample a record; a file that cannot be read is named."""
    folder = tmp_path / "data"
    for label in ("invoice", "letter"):
        (folder / label).mkdir(parents=True)
        records = [record(path.read_text()) for path in sorted((training_folder / label).iterdir())]
        save_records(folder / label / "all.ibdoc", records)
    (folder / "letter" / "broken.pdf").write_bytes(b"")
    report = train_classifier(folder, tmp_path / "c.ibclassifier")
    assert [figures.documents for figures in report.classes] == [6, 6]
    assert list(report.skipped) == ["letter/broken.pdf"]
    assert "not read: letter/broken.pdf" in str(report)


def test_a_class_with_one_document_has_no_figures(training_folder: Path, tmp_path: Path) -> None:
    """Where nothing can be held back, training works and says what is missing."""
    folder = tmp_path / "data"
    for label in ("invoice", "letter"):
        (folder / label).mkdir(parents=True)
        (folder / label / "0.txt").write_text((training_folder / label / "0.txt").read_text())
    report = train_classifier(folder, tmp_path / "c.ibclassifier")
    assert report.folds == 0
    assert "no cross-validation" in str(report)


def test_one_class_is_not_enough(training_folder: Path, tmp_path: Path) -> None:
    """A folder without two labelled sub-folders is refused, and nothing is written."""
    with pytest.raises(InvalidRequest, match="at least two classes"):
        train_classifier(training_folder / "invoice", tmp_path / "c.ibclassifier")
    assert not (tmp_path / "c.ibclassifier").exists()


def test_without_scikit_learn_the_sentence_tells_how_to_get_it(
    training_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra to install is named."""
    monkeypatch.delitem(sys.modules, "ibflow_nb.local.classifier.fitting", raising=False)
    monkeypatch.delattr("ibflow_nb.local.classifier.fitting", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(ConfigError, match=r"ibflow-nb\[train\]"):
        train_classifier(training_folder, tmp_path / "c.ibclassifier")


def test_figures_count_right_and_wrong() -> None:
    """Precision, recall and the confusion come from the pairs of labels."""
    figures, confusion = figures_of(["a", "a", "b", "b"], ["a", "b", "b", "b"])
    assert confusion == {"a": {"a": 1, "b": 1}, "b": {"b": 2}}
    assert (figures[0].precision, figures[0].recall) == (1.0, 0.5)
    assert figures[1].f1 == pytest.approx(0.8)


def test_the_head_of_the_page_and_its_shape_are_features() -> None:
    """Words at the top of the first page count as layout, digits look alike."""
    features = features_of(record("INVOICE 2024\n" + "\n" * 20 + "body 12.50"))
    assert features.text["0000"] == 1
    assert features.text["invoice 0000"] == 1
    assert "head:invoice" in features.layout
    assert "head:body" not in features.layout
    assert any(term.startswith("shape=") for term in features.layout)
