"""The benchmark of the doctor: its tables count right, and those that are kept agree with one another."""

import importlib.util
import json
import re

from book.notebooks import ROOT

SPEC = importlib.util.spec_from_file_location("doctor_tables", ROOT / "benchmarks/doctor_tables.py")
tables = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tables)


def outcome(kind, side, alarm="", tool="doctor", named=False, group="unseen"):
    return tables.Outcome("any", kind, group, side, tool, named, alarm, 2.0, [])


OUTCOMES = [
    outcome("step", "faulty", "fault", named=True),
    outcome("step", "faulty", "suspicion", group="further kinds"),
    outcome("axis", "faulty"),
    outcome("axis", "mended", "fault"),
    outcome("step", "mended", "suspicion"),
    outcome("step", "mended"),
    outcome("course", "right"),
    outcome("imbalance", "right", "suspicion"),
    outcome("axis", "faulty", "fault", tool="torchtest2"),
    outcome("step", "mended", "fault", tool="torchtest2"),
]
NOTHING = ["-", "-"]


def test_faults_are_counted_by_kind():
    rows = {row[0]: row[1:] for row in tables.of_faults(OUTCOMES)}
    assert list(rows)[:2] == ["axis", "step"]
    assert rows["step"] == ["1 of 2 (50 %)", "2 of 2 (100 %)", *NOTHING, *NOTHING]
    assert rows["axis"] == ["0 of 1 (0 %)", "0 of 1 (0 %)", "0 of 1 (0 %)", "1 of 1 (100 %)", *NOTHING]
    assert rows["all, unseen"][0] == "1 of 2 (50 %)"
    assert rows["all"][:2] == ["1 of 3 (33 %)", "2 of 3 (67 %)"]


def test_false_alarms_are_counted_by_kind():
    rows = {row[0]: row[1:] for row in tables.of_alarms(OUTCOMES)}
    assert rows["mended: axis"][:2] == ["1 of 1 (100 %)", "0 of 1 (0 %)"]
    assert rows["mended: step"][:4] == ["0 of 2 (0 %)", "1 of 2 (50 %)", "1 of 1 (100 %)", "0 of 1 (0 %)"]
    assert rows["all mended"][:2] == ["1 of 3 (33 %)", "1 of 3 (33 %)"]
    assert rows["right: trainings of this course"][:2] == ["0 of 1 (0 %)", "0 of 1 (0 %)"]
    assert rows["right: look wrong"][:2] == ["0 of 1 (0 %)", "1 of 1 (100 %)"]
    assert rows["all right"][:2] == ["0 of 2 (0 %)", "1 of 2 (50 %)"]


def kept(name):
    """The rows of a table that is kept, by the kind of program."""
    report = json.loads((ROOT / f"results/benchmarks/{name}.json").read_text(encoding="utf-8"))
    return report, {row[0]: row[1:] for row in report["rows"]}


def test_the_kept_tables_are_of_one_run_on_the_same_programs():
    (found, faults), (raised, alarms), (timed, _) = (kept(f"doctor{part}") for part in ("", "_alarms", "_seconds"))
    assert found["machine"] == raised["machine"] == timed["machine"]
    assert found["versions"] == raised["versions"] == timed["versions"]
    kinds = [kind for kind in faults if not kind.startswith("all")]
    assert [f"mended: {kind}" for kind in kinds] == [row for row in alarms if row.startswith("mended")]
    for kind in kinds:  # every fault has one mended twin, and all three tools were asked about both
        wholes = {re.search(r"of (\d+)", cell)[1] for cell in faults[kind] + alarms[f"mended: {kind}"]}
        assert len(wholes) == 1
    for part in ("mended", "right"):
        counted = [int(cells[1].split()[0]) for name, cells in alarms.items() if name.startswith(f"{part}: ")]
        assert sum(counted) == int(alarms[f"all {part}"][1].split()[0])
