"""The package asks for what it imports and for nothing else, and is fit for the package index."""

import ast
import os
import re
import subprocess
import sys
import tomllib

import hatchling.build
import pytest

from book.colab import DISTRIBUTIONS
from book.notebooks import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What is needed and named by no import of ours.
BEHIND = {
    "helpers": {"onnxscript", "scikit-image", "tqdm"},  # torch's exporter; read by path; pooch's progress
    "apps/sweep": set(),
    "apps/digits": {"python-multipart"},  # FastAPI's uploads
}
# What comes with a package that is listed, as a part of it.
WITH = {"pydantic": "fastapi", "starlette": "fastapi", "cycler": "matplotlib"}


def imported(folder):
    """Return the distributions that the files of a folder import, without Python's own and ours."""
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    names -= {*sys.stdlib_module_names, "helpers", "apps"}
    return {WITH.get(name) or DISTRIBUTIONS.get(name, name).replace("_", "-") for name in names}


def listed(lines):
    return {re.match(r"[\w-]+", line)[0] for line in lines}


def test_helpers_ask_for_what_they_import():
    assert listed(PROJECT["dependencies"]) == imported("helpers") | BEHIND["helpers"]


@pytest.mark.parametrize("app", ["sweep", "digits"])
def test_each_app_has_an_extra_for_what_it_imports_beyond_that(app):
    needed = imported(f"apps/{app}") | BEHIND[f"apps/{app}"]
    extra = listed(PROJECT["optional-dependencies"][app])
    assert needed <= extra | listed(PROJECT["dependencies"])
    assert extra <= needed


def test_twine_finds_nothing_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1735689600")
    monkeypatch.chdir(ROOT)
    built = [hatchling.build.build_wheel(os.fspath(tmp_path)), hatchling.build.build_sdist(os.fspath(tmp_path))]
    command = [sys.executable, "-m", "twine", "check", "--strict", *(tmp_path / name for name in built)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("PASSED") == 2


def test_the_version_is_the_newest_of_the_changelog_and_of_the_citation():
    newest = re.search(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    cited = re.search(r"^version: (\S+)", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert PROJECT["version"] == newest == cited
