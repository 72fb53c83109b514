"""Small files of labeled lines, for the tests of programs that read a reader's own."""

from pathlib import Path

PRAISE = ["物美价廉，下次还来", "味道很好，很满意", "服务很好", "质量很好，满意", "送货很快", "很好，很快"]
COMPLAINT = ["太慢了，不满意", "质量太差", "味道太差，不会再来", "服务太差了", "太贵了", "又慢又差"]


def write(folder: Path, lines: list[str], encoding: str = "utf-8", name: str = "评论.csv") -> Path:
    """Write the lines to a file with a Chinese name, as Windows ends lines."""
    path = folder / name
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def chinese(delimiter: str = ",") -> list[str]:
    """Return six lines of praise and six of complaint, each with its label."""
    return [f"好评{delimiter}{text}" for text in PRAISE] + [f"差评{delimiter}{text}" for text in COMPLAINT]
