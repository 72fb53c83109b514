"""Small tables with a class in the last column, for the tests of programs that read a reader's own."""

import random
from pathlib import Path


def rows(count: int = 90, *, classes: tuple[str, str] = ("小", "大"), seed: int = 0) -> list[str]:
    """Return rows of two columns and a class, which the second column decides."""
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        silent, telling = chance.uniform(-1, 1), chance.uniform(-1, 1)
        lines.append(f"{silent:.3f},{telling:.3f},{classes[telling > 0]}")
    return lines


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    """Write the lines to a file."""
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


UNUSABLE = [  # lines, their encoding, and the sentence that says what is wrong
    ([], "utf-8", "at least 30 rows"),
    (["a,b,class", *rows(10)], "utf-8", "at least 30 rows"),
    (["a;b;class", *[line.replace(",", ";") for line in rows()]], "utf-8", "with commas"),
    (["甲,乙,类", *rows()], "gbk", "is not in UTF-8"),
    (["a,b,class", *rows(), "1,big,小"], "utf-8", "Row 92, column 'b': 'big' is not a number"),
    (["a,b,class", *rows(), "1,,小"], "utf-8", "Row 92, column 'b': '' is not a number"),
    (["a,b,class", *rows(), "nan,1,小"], "utf-8", "Row 92, column 'a': 'nan' is not a number"),
    (["a,b,class", *rows(), "1e300,1,小"], "utf-8", "Row 92, column 'a': '1e300' is not a number"),
    (["a,b,class", *rows(), "1,2,3,小"], "utf-8", "Row 92 has 4 values, not 3"),
    (["a,b,class", *rows(classes=("one", "one"))], "utf-8", "at least 2 different classes"),
    (["a,b,class", *rows(), "1,2,third"], "utf-8", "The class 'third' in column 'class' has fewer than 5 rows"),
    (["a,b", *[line.rsplit(",", 1)[0] for line in rows()]], "utf-8", "Is the last column the class?"),
]
