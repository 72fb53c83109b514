"""What the execution recorded: every claim holds, and the run is described."""

from book import notebooks


def test_every_claim_holds(executed):
    claims = notebooks.claims(executed)
    assert claims, "a chapter makes claims"
    assert [claim for claim in claims if not claim["passed"]] == []


def test_claims_are_named_apart_within_a_section(executed):
    seen = [(claim["section"], claim["name"]) for claim in notebooks.claims(executed)]
    assert sorted(seen) == sorted(set(seen))


def test_the_run_is_recorded(executed):
    course = executed.metadata["course"]
    wanted = {"device", "device_name", "threads", "precision", "seed", "versions", "parameters"}
    assert wanted <= set(course["run"])
    assert course["seconds"] > 0
    assert 50e6 < course["peak_bytes"] < 50e9


def test_nothing_is_said_on_stderr(executed):
    loud = [
        (cell.id, output.text)
        for cell in notebooks.code_cells(executed)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert loud == []


def test_no_cell_shows_a_value_that_it_does_not_print(executed):
    stray = [
        cell.id
        for cell in notebooks.code_cells(executed)
        if any(output.output_type == "execute_result" for output in cell.outputs)
    ]
    assert stray == [], "a last line such as model.fit(...) leaves its value under the cell; use it or assign it"


def test_few_cells_are_exempt_from_the_second_run(executed):
    cells = notebooks.code_cells(executed)
    exempt = [cell.id for cell in cells if "nbval-ignore-output" in notebooks.tags(cell)]
    assert len(exempt) <= len(cells) / 5, f"exempt: {exempt}"
    assert not any("nbval-skip" in notebooks.tags(cell) for cell in cells)
