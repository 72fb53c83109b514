"""Parameters that name a file or a folder: found from where the reader stands, refused in a sentence."""

import os
from pathlib import Path

import pytest

from helpers.runtime import EXISTING_FILE, EXISTING_FOLDER, ParameterError, check_parameters, start


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The folders where the reader stands, where the notebook runs, and his home."""
    for name in ("shell", "notebook", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PWD", str(tmp_path / "shell"))
    monkeypatch.chdir(tmp_path / "notebook")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def checked(value, rule=EXISTING_FILE):
    return check_parameters({"data": value}, {"data": rule})["data"]


def test_no_path_is_allowed_and_stays_empty():
    assert checked("") == checked("", EXISTING_FOLDER) == ""


@pytest.mark.parametrize(
    ("given", "stands"),
    [
        ("a.csv", "shell/a.csv"),
        ("../shell/a.csv", "shell/../shell/a.csv"),
        ("~/b.csv", "home/b.csv"),
        ("c.csv", "notebook/c.csv"),
    ],
)
def test_a_path_is_meant_from_the_shell_s_folder_then_from_the_notebook_s(places, given, stands):
    for file in ("shell/a.csv", "home/b.csv", "notebook/c.csv", "notebook/a.csv"):
        (places / file).touch()
    assert checked(given) == str(places / stands)
    assert checked(str(places / stands)) == str(places / stands)


def test_a_folder_is_found(places):
    (places / "shell" / "pictures").mkdir()
    assert checked("pictures", EXISTING_FOLDER) == str(places / "shell" / "pictures")


@pytest.mark.parametrize(
    ("given", "rule", "said"),
    [
        ("none.csv", EXISTING_FILE, "there is neither {shell}/none.csv nor {notebook}/none.csv."),
        ("/no/such", EXISTING_FOLDER, "there is no /no/such."),
        ("~nobody-here/x", EXISTING_FILE, "there is neither {shell}/~nobody-here/x nor"),
        ("folder", EXISTING_FILE, "must be a file, and {shell}/folder is a folder."),
        ("file", EXISTING_FOLDER, "must be a folder, and {shell}/file is a file."),
        ("x" * 5000, EXISTING_FILE, "there is neither"),
        ("a\0b", EXISTING_FILE, "there is neither"),
        (3, EXISTING_FILE, "must be the path of a file that exists, or '' for none."),
        (None, EXISTING_FOLDER, "must be the path of a folder that exists, or '' for none."),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(places, given, rule, said):
    (places / "shell" / "folder").mkdir()
    (places / "shell" / "file").touch()
    with pytest.raises(ParameterError) as caught:
        checked(given, rule)
    assert str(caught.value).startswith("parameter 'data' is ")
    assert said.format(shell=places / "shell", notebook=places / "notebook") in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("rule", [EXISTING_FILE, EXISTING_FOLDER])
def test_what_may_not_be_read_is_refused(places, monkeypatch, rule):
    path = places / "shell" / "closed"
    path.mkdir() if rule is EXISTING_FOLDER else path.touch()
    asked = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append((Path(path), mode)))  # root may read everything
    with pytest.raises(ParameterError, match=r"you may not read .*closed; change its permissions"):
        checked("closed", rule)
    assert asked == [(path, os.R_OK | (os.X_OK if rule is EXISTING_FOLDER else 0))]


def test_the_start_writes_the_checked_values_back(places):
    (places / "shell" / "a.csv").touch()
    notebook = {"seed": 0, "device": "cpu", "lr": "1e-3", "data_file": "a.csv"}
    start(notebook, lr=(1e-6, 1.0), data_file=EXISTING_FILE)
    assert notebook["lr"] == 0.001
    assert notebook["data_file"] == str(places / "shell" / "a.csv")
