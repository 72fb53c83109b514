""" "Run all" pressed again in the same kernel: what the chapter has computed since is no parameter."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

IMPORTS = "from helpers.runtime import check_parameters\nanswer = 42"
PARAMETERS = "epochs: int = 3  # 1 to 9\nname: str = 'a'"
START = "checked = check_parameters(globals(), {'epochs': (1, 9), 'name': ['a', 'b']})"
CHAPTER = "classes = 3\n_hidden = 2\nepochs_done = [1, 2]\n%who_ls"
RUN = [IMPORTS, PARAMETERS, START, CHAPTER]


@pytest.fixture
def run():
    """A notebook without a kernel: runs cells one after the other, and returns what the last start has checked."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    try:

        def run_cells(cells, **options):
            for cell in cells:
                shell.run_cell(cell, **{"store_history": True, "silent": False} | options).raise_error()
            return shell.user_ns["checked"]

        yield run_cells
    finally:
        InteractiveShell.clear_instance()


def edited(parameters):
    return [IMPORTS, parameters, START, CHAPTER]


def test_run_all_again_after_a_parameter_was_changed(run):
    assert run(RUN)["epochs"] == 3
    assert run(edited(PARAMETERS.replace("3", "5")))["epochs"] == 5


def test_the_start_cell_alone_again(run):
    run(RUN)
    assert run([START, START]) == {"epochs": 3, "name": "a"}


@pytest.mark.parametrize("times", [1, 2])
def test_a_wrong_name_in_the_parameters_cell_is_refused_every_time(run, times):
    for _ in range(times - 1):
        run(RUN)
    with pytest.raises(ValueError, match=r"no parameter 'epoch' \(given as 7\); did you mean 'epochs'"):
        run(edited(PARAMETERS + "\nepoch = 7"))


@pytest.mark.parametrize("name", ["epoch", "_epochs", "__epochs", "In", "Out", "_"])
def test_a_wrong_name_that_papermill_injects_is_refused(run, name):
    with pytest.raises(ValueError, match=f"no parameter '{name}'"):
        run([IMPORTS, PARAMETERS, f"# Parameters\nepochs = 2\n{name} = 3\n", START])


def test_what_papermill_injects_counts(run):
    assert run([IMPORTS, PARAMETERS, "# Parameters\nepochs = 2\n", START])["epochs"] == 2


def test_a_scratch_cell_before_the_start_is_no_parameter(run):
    assert run([IMPORTS, PARAMETERS, "scratch = 1", START])["epochs"] == 3


@pytest.mark.parametrize("wrong", ["", "\nepoch = 2"])
def test_without_a_history_a_wrong_name_is_refused_in_a_fresh_notebook(run, wrong):
    cells = ["from helpers.runtime import check_parameters", PARAMETERS + wrong, START]
    if wrong:
        with pytest.raises(ValueError, match="no parameter 'epoch'"):
            run(cells, store_history=False)
    else:
        assert run(cells, store_history=False)["epochs"] == 3
