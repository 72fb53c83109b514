"""Where the course lives on the web, if it does.

``repository.url`` in ``_config.yml`` says so; where it is empty, the repository whose workflow builds the pages.
"""

import os
import re

import yaml

from book.notebooks import ROOT

EDITIONS = "colab"  # the branch that holds the Colab editions; .github/workflows/publish.yml writes it


def url() -> str:
    """Return the repository's address without a slash at its end, or an empty string."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    found = config.get("repository", {}).get("url") or publishing()
    return found.removesuffix(".git").rstrip("/")


def publishing() -> str:
    """Return the address of the repository whose workflow runs this, as GitHub tells it, or an empty string."""
    name = os.environ.get("GITHUB_REPOSITORY")
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}" if name else ""


def on_colab(slug: str) -> str:
    """Return the address that opens a chapter's edition on Colab; empty unless the repository is on GitHub."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", url())
    return f"https://colab.research.google.com/github/{found[1]}/blob/{EDITIONS}/{slug}.ipynb" if found else ""


def source(slug: str) -> str:
    """Return the address of a chapter's notebook in the repository, or an empty string."""
    return f"{url()}/blob/main/chapters/{slug}.ipynb" if url() else ""
