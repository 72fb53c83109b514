"""Sentences of English from the docstrings of an installed package, which is read and never imported."""

import ast
import hashlib
import importlib.util
import inspect
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from helpers.data.data_error import DataError

NOT_PROSE = re.compile(r">>>|::|\.\. |[-=~^+]{3,}|^\s*[-*] ", re.MULTILINE)  # code, directives, tables, lists
ROLE = re.compile(r":[\w:+-]+:`([^`<]*?)(?:\s*<[^>]*>)?`")  # :func:`sum` and :ref:`the guide <guide>`
TESTS = re.compile(r"(^|/)(test_|tests?/|testing/|conftest\.py)")
BOUNDARY = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
FEWEST_WORDS, MOST_WORDS = 6, 48
LETTERS = 0.9  # the least share of letters and spaces


def package_sentences(package: str) -> Iterator[str]:
    """Sentences from the docstrings of a package's modules, classes and functions, file by file.

    The files come in an order that is fixed, yet mixes all parts of the package: sorted by the SHA-256 of their
    relative path. So whoever takes the first thousand sentences takes them from everywhere. Tests are left out.

    Args:
        package: a top-level name, such as "scipy".

    Raises:
        DataError: the package is not installed, or holds no source files.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise DataError(f"The docstrings of {package!r} were wanted, but it is not installed: pip install {package}.")
    root = Path(spec.origin).parent
    names = (path.relative_to(root).as_posix() for path in root.rglob("*.py"))
    found = sorted((name for name in names if not TESTS.search(name)), key=_mixed)
    if not found:
        raise DataError(f"{root} holds no Python source files. Install {package!r} with its sources.")
    for name in found:
        source = (root / name).read_text(encoding="utf-8", errors="replace")
        for text in docstrings(source):
            yield from sentences(text)


def docstrings(source: str) -> Iterator[str]:
    """The docstrings in a file's source, of its module first, then of its classes and functions; "" for none.

    Those of definitions inside an `if` or a `try` are left out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # other people's invalid escapes
        tree = ast.parse(source)
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node, clean=False) or ""  # `sentences` cleans it
            waiting += node.body  # the statements alone: most of a tree is expressions, which hold no docstring


def sentences(docstring: str) -> Iterator[str]:
    """The whole English sentences of a docstring, without markup.

    Left out: code, formulas, tables and lists, and what has fewer than 6 or more than 48 words.
    """
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
        if not NOT_PROSE.search(paragraph):
            plain = re.sub(r"[`*|]", "", ROLE.sub(r"\1", " ".join(paragraph.split())))
            yield from filter(_is_sentence, BOUNDARY.split(plain))


def _is_sentence(text: str) -> bool:
    return (
        text.endswith(".")  # the cheap questions first: most texts fail one of them
        and text[0].isupper()
        and FEWEST_WORDS <= len(text.split()) <= MOST_WORDS
        and sum(map(str.isalpha, text)) + text.count(" ") >= LETTERS * len(text)
        and not re.search(r"[=<>{}\[\]\\$^]| : ", text)
    )


def _mixed(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
