"""Lays out in ``_build/source`` what Sphinx is to render: the pages in git, and those that the build writes."""

from pathlib import Path

import yaml
from nbformat import NotebookNode

from book import notebooks
from book.notebooks import CHAPTERS, EXECUTED, ROOT
from book.pages import chapter_header, claims, clinic, landing, references, results, shapes

SOURCE = ROOT / "_build" / "source"
COLAB = ROOT / "_build" / "colab"


def write_sources() -> None:
    """Bring ``_build/source`` up to date, and leave alone what has not changed, so that Sphinx can too."""
    chapters = {slug: notebooks.read(EXECUTED / f"{slug}.ipynb") for slug in notebooks.toc_slugs()}
    texts = {path.name: path.read_text(encoding="utf-8") for path in [*ROOT.glob("*.md"), ROOT / "_toc.yml"]}
    wanted = {name: notebooks.without_generated(text).encode() for name, text in texts.items()}
    wanted |= {name: text.encode() for name, text in written_pages(chapters).items()}
    for slug in chapters:
        notebook, picture = chapter_header.with_header(slug, chapters)
        wanted[f"chapters/{slug}.ipynb"] = notebooks.without_generated(notebooks.as_text(notebook)).encode()
        wanted |= {f"chapters/{slug}.png": picture} if picture else {}
    wanted |= downloads(list(chapters))
    wanted |= {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files_of(ROOT / "_static")}
    put(wanted, SOURCE)


def written_pages(chapters: dict[str, NotebookNode]) -> dict[str, str]:
    """Return the pages that the build writes, and its settings."""
    return {
        "_config.yml": config_without_execution(),
        "intro.md": landing.page(chapters),
        "clinic.md": clinic.page(chapters),
        "shapes.md": shapes.page(),
        "references.md": references.page(chapters),
        "results.md": results.page(chapters),
        "claims.md": claims.page(chapters),
    }


def downloads(slugs: list[str]) -> dict[str, bytes]:
    """Return what readers can take home: each chapter's Colab edition, and its source without outputs."""
    files = {f"downloads/notebooks/{slug}.ipynb": CHAPTERS / f"{slug}.ipynb" for slug in slugs}
    files |= {f"downloads/colab/{slug}.ipynb": COLAB / f"{slug}.ipynb" for slug in slugs}
    return {name: path.read_bytes() for name, path in files.items()}


def config_without_execution() -> str:
    """Return ``_config.yml`` with execution switched off, and with the files to download."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["execute"]["execute_notebooks"] = "off"
    extensions = config["sphinx"]["local_extensions"]
    config["sphinx"]["local_extensions"] = {name: str(ROOT / folder) for name, folder in extensions.items()}
    config["sphinx"]["config"]["html_extra_path"] = ["downloads"]
    config["exclude_patterns"].append("downloads")
    return yaml.safe_dump(config, allow_unicode=True, sort_keys=False)


def put(wanted: dict[str, bytes], folder: Path) -> None:
    """Make a folder hold these files and no others; the dates of those that stay the same stay too."""
    for name, content in wanted.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in files_of(folder):
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()


def files_of(folder: Path) -> list[Path]:
    """Return all files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]
