"""doclines: from made-up packages by hand, and the real sentences as they are installed here."""

import hashlib
import itertools
import py_compile
import random
import re
import sys
from pathlib import Path

import pytest
import torch

from helpers import data
from helpers.data.sources.doclines import NAMES, doclines, masked
from helpers.data.sources.docstrings import docstrings, package_sentences, sentences
from helpers.data.sources.near_duplicates import jaccard, words

SOURCE = '''"""Module words come first in the file."""
import nothing_that_exists

class Thing:
    """The class has its own words here."""

    def act(self):
        """The method has its own words here."""
        text = """this string is no docstring, it is a value."""

async def later():
    """A coroutine has its own words, too."""
'''


@pytest.fixture(scope="module")
def splits():
    return doclines(0)


def test_docstrings_are_those_of_modules_classes_and_functions():
    found = [text for text in docstrings(SOURCE) if text]
    assert found == [
        "Module words come first in the file.",
        "The class has its own words here.",
        "A coroutine has its own words, too.",
        "The method has its own words here.",
    ]


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Too short to keep.", []),
        ("This one is long enough to keep.", ["This one is long enough to keep."]),
        ("Two of them stand here now.  Both of them are kept, too.", None),
        ("It wraps a line\n    and goes on behind it.", ["It wraps a line and goes on behind it."]),
        ("See :func:`~some.name` for what it does here.", ["See ~some.name for what it does here."]),
        ("See :ref:`the guide <guide>` for what it does.", ["See the guide for what it does."]),
        ("The ``name`` of *this* is plain text here.", ["The name of this is plain text here."]),
        ("Runs this and says nothing about it:\n>>> f(1)\n2 is the answer to it.", []),
        ("begins in lower case and is left out.", []),
        ("It never comes to any end at all", []),
        ("The value x = 3 is a formula, not prose.", []),
        ("Numbers 1 2 3 4 5 6 7 8 9 10 11.", []),
        ("A " + "word " * 50 + "end.", []),
        ("A " + "word " * 46 + "end.", ["A " + "word " * 46 + "end."]),
    ],
)
def test_sentences_by_hand(docstring, expected):
    if expected is None:
        expected = ["Two of them stand here now.", "Both of them are kept, too."]
    assert list(sentences(docstring)) == expected


def test_a_package_is_read_without_being_imported(tmp_path, monkeypatch):
    package = tmp_path / "made_up_package"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text('"""The package has words of its own."""\nraise SystemExit\n')
    (package / "tests" / "test_it.py").write_text('"""A test has words of its own, too."""\n')
    (package / "_hypotests.py").write_text('"""This file is no test of the package."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    found = set(package_sentences("made_up_package"))
    assert found == {"The package has words of its own.", "This file is no test of the package."}
    assert "made_up_package" not in sys.modules


def test_files_come_in_the_order_of_their_names_digests(tmp_path, monkeypatch):
    names = ["__init__.py", "first.py", "second.py", "third.py", "deep/fourth.py", "deep/fifth.py"]
    (tmp_path / "mixed_package" / "deep").mkdir(parents=True)
    for name in names:
        (tmp_path / "mixed_package" / name).write_text(
            f'"""The words in file {Path(name).stem.strip("_")} stand here."""\n'
        )
    monkeypatch.syspath_prepend(tmp_path)
    in_order = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    expected = [f"The words in file {Path(name).stem.strip('_')} stand here." for name in in_order]
    assert list(package_sentences("mixed_package")) == expected


def test_files_are_utf8_and_a_byte_that_is_not_becomes_a_mark(tmp_path, monkeypatch):
    (tmp_path / "old_package").mkdir()
    source = '"""The old résumé of \udcff stands in this file."""\n'
    (tmp_path / "old_package" / "__init__.py").write_bytes(source.encode("utf-8", "surrogateescape"))
    monkeypatch.syspath_prepend(tmp_path)
    assert list(package_sentences("old_package")) == ["The old résumé of \ufffd stands in this file."]


def test_a_package_without_sources_is_named(tmp_path, monkeypatch):
    package = tmp_path / "bare_package"
    package.mkdir()
    (package / "source.txt").touch()
    py_compile.compile(str(package / "source.txt"), cfile=str(package / "__init__.pyc"))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(data.DataError, match=re.escape(f"{package} holds no Python source files")):
        list(package_sentences("bare_package"))


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(data.DataError, match="'no_such_package' were wanted, but it is not installed"):
        next(package_sentences("no_such_package"))


@pytest.mark.parametrize(
    ("sentence", "without"),
    [
        ("Uses torch.nn and PyTorch.", "Uses this_library.nn and this_library."),
        ("From scikit-learn or sklearn.", "From this_library or this_library."),
        ("As np.array, plt.plot, mpl.rc do.", "As this_library.array, this_library.plot, this_library.rc do."),
        ("The torchvision_ops of numpy arrays.", "The this_library of this_library arrays."),
        ("An input, a plot and a template.", "An input, a plot and a template."),
    ],
)
def test_names_are_masked(sentence, without):
    assert masked(sentence) == without


def test_four_classes_of_about_two_and_a_half_thousand(splits):
    counts = sum(part.labels.bincount(minlength=4) for part in (splits.train, splits.valid, splits.test))
    assert splits.classes == ["PyTorch", "Matplotlib", "scikit-learn", "SciPy"]
    assert int(counts.min()) >= 2000
    assert int(counts.max()) <= 2500
    assert len(splits.valid) == len(splits.test) == pytest.approx(len(splits.train) / 3, abs=2)
    shares = torch.stack([part.labels.bincount() / len(part) for part in (splits.train, splits.test)])
    assert float((shares[0] - shares[1]).abs().max()) < 0.002


def test_no_library_is_named(splits):
    for part in (splits.train, splits.valid, splits.test):
        assert [text for text in part.sentences if NAMES.search(text.replace("this_library", ""))] == []


def test_no_test_sentence_has_a_near_duplicate_in_training(splits):
    """By brute force, on a sample."""
    sample = random.Random(1).sample(splits.test.sentences + splits.valid.sentences, 60)
    train = [words(text) for text in splits.train.sentences]
    closest = max(jaccard(words(text), other) for text, other in itertools.product(sample, train) if other)
    assert closest < 0.6


def test_the_seed_decides_the_split_alone(splits):
    other, again = doclines(1), doclines(0)
    assert again.train.sentences == splits.train.sentences
    assert torch.equal(again.train.labels, splits.train.labels)
    assert other.train.sentences != splits.train.sentences

    def everything(some):
        return sorted(some.train.sentences + some.valid.sentences + some.test.sentences)

    assert everything(other) == everything(splits)


def test_the_parts_are_disjoint(splits):
    parts = [set(part.sentences) for part in (splits.train, splits.valid, splits.test)]
    assert all(not a & b for a, b in itertools.combinations(parts, 2))


def test_a_wrong_name_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'doclines'"):
        data.load_texts("docline")
