"""The files around the course: workflows parse and ask for little, every dependency has a reason."""

import json
import re
import subprocess

import pytest
import yaml

from book import notebooks
from book.notebooks import ROOT
from tests.chapters import plain_prose

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def load(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_has_least_permissions_and_pinned_actions(path):
    workflow = load(path)
    assert {"name", "on", "permissions", "concurrency", "jobs"} <= set(workflow)
    assert workflow["permissions"] in ({"contents": "read"}, {})
    for job in workflow["jobs"].values():
        assert "timeout-minutes" in job
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_runs_targets_that_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    runs = [step.get("run", "") for job in load(path)["jobs"].values() for step in job["steps"]]
    called = {target for run in runs for target in re.findall(r"^ *make ([a-z-]+)", run, re.MULTILINE)}
    assert called <= targets


@pytest.mark.parametrize("form", ["sentence", "cell", "idea"])
def test_issue_forms_ask_for_something(form):
    data = load(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml")
    assert data["name"]
    assert data["description"]
    fields = [field for field in data["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) > 0
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") == "true" for field in fields)


def test_pre_commit_runs_what_make_lint_runs():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    linted = {re.match(r"\S+(?: (?:check|format))?", line)[0] for line in re.findall(r"\$\(BIN\)/(.*)", recipe)}
    hooks = load(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert linted == {re.match(r"\.venv/bin/(\S+(?: (?:check|format))?)", hook["entry"])[1] for hook in hooks}


def test_the_dev_container_makes_the_environment():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(re.sub(r"^ *//.*$", "", text, flags=re.MULTILINE))
    assert container["postCreateCommand"] == "make venv"


def test_every_dependency_has_a_reason():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    dependencies = [line for line in lines if line and not line.startswith("#")]
    assert dependencies.pop() == "-e ."
    assert [line for line in dependencies if not re.fullmatch(r"[\w-]+(\S+)? +# .+", line)] == []


def names(file):
    """Return the packages that a list of requirements names."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {re.match(r"[\w-]+", line)[0].lower().replace("_", "-") for line in lines if re.match(r"\w", line)}


def test_every_dependency_is_locked():
    assert names("requirements.txt") <= names("constraints.txt")


def test_helpers_own_dependencies_are_never_pinned():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    assert not re.search(r"==|<|~=", listed)


def test_make_help_lists_the_targets():
    run = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("book", "test", "test-peers", "run", "preview", "lint", "bench", "clean"):
        assert re.search(rf"^  make {target} ", run.stdout, re.MULTILINE)


def test_the_readme_lists_the_chapters_of_the_table_of_contents():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| *(.*?) *\| \[([\w-]+)\]\(chapters/([\w-]+)\.ipynb\) \| \S", text, re.MULTILINE)
    part, found = "", {}
    for name, words, slug in rows:
        assert words == slug
        part = name or part
        found.setdefault(part, []).append(slug)
    wanted = {caption.partition(" · ")[2]: slugs for caption, slugs in notebooks.toc_parts().items()}
    assert found == wanted, "a chapter has one line in _toc.yml, and one in the README's table"


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_spelling_is_american(path):
    assert plain_prose.british(path.read_text(encoding="utf-8")) == []
