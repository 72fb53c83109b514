"""A program that runs in the tests' own process ends, prints and complains as it does in a fresh one."""

import pytest

from tests.chapters import own_program

COMMANDS = """
import sys

print("read", sys.argv[1:])
if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("Use: FILE")
    if sys.argv[1] == "several":
        print("two\\nlines", file=sys.stderr)
        sys.exit(3)
    if sys.argv[1] == "raises":
        raise ValueError("诊断 is no column")
    if sys.argv[1] == "leaves":
        sys.exit()
"""


@pytest.mark.parametrize("arguments", [[], ["several"], ["raises"], ["leaves"], ["runs", "诊断"]], ids=str)
def test_answers_as_a_fresh_process_does(tmp_path, arguments):
    file = tmp_path / "program.py"
    file.write_text(COMMANDS, encoding="utf-8")
    here, fresh = own_program.answer(file, *arguments), own_program.run(file, *arguments)
    assert (here.returncode, here.stdout) == (fresh.returncode, fresh.stdout)
    if arguments == ["raises"]:  # the frames above the error differ
        assert here.stderr.splitlines()[-1] == fresh.stderr.splitlines()[-1]
    else:
        assert here.stderr == fresh.stderr
