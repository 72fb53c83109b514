"""Writes the references page: the works that a chapter names, with DOI or arXiv number, and the chapters that do."""

import re
import unicodedata

from nbformat import NotebookNode
from pybtex.database import Entry, Person, parse_file

from book import notebooks
from book.notebooks import ROOT

INTRODUCTION = """# References

What the chapters refer to, by author. The build gathers this page from the references at the end of each chapter.
"""
ADDRESSES = {"doi": ("https://doi.org/", "doi:"), "eprint": ("https://arxiv.org/abs/", "arXiv:"), "url": ("", "")}
TELLING = 20  # letters that make a title one of its kind
NUMBER = re.compile(r"https?://(?:dx\.)?doi\.org/(10\.[^)\s]+)|arxiv\.org/abs/([\w./-]+?)(?:v\d+)?(?=[)\s>]|$)")


def page(chapters: dict[str, NotebookNode]) -> str:
    """Return the whole page as Markdown."""
    texts = {slug: referred(notebook) for slug, notebook in chapters.items()}
    names = {slug: f"[{notebooks.short_title(notebook)}](chapters/{slug}.ipynb)" for slug, notebook in chapters.items()}
    works = parse_file(ROOT / "references.bib").entries
    lines = []
    for work in sorted(works.values(), key=lambda work: (letters(authors(work)), work.fields["year"])):
        using = [names[slug] for slug, text in texts.items() if names_work(text, work)]
        lines += [f"- {described(work)} In: {', '.join(using)}."] if using else []
    return "\n".join([INTRODUCTION, *lines, "", also_linked(texts, names, list(works.values()))])


def referred(notebook: NotebookNode) -> str:
    """Return the last part of a chapter, from the word References on."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return text[text.rfind("References") :] if "References" in text else ""


def names_work(text: str, work: Entry) -> bool:
    """Say whether references name a work: by its number, by its title, or by its first author and year."""
    numbers = [work.fields[kind] for kind in ("doi", "eprint") if kind in work.fields]
    title = letters(work.fields["title"])
    if any(number in text for number in numbers) or (len(title) >= TELLING and title in letters(text)):
        return True
    surname = re.escape(" ".join(work.persons["author"][0].last_names))
    return any(re.search(rf"\b{surname}\b[^\n]{{0,160}}\b{work.fields['year']}\b", part) for part in sentences(text))


def sentences(text: str) -> list[str]:
    """Return references one by one: split at bullets, and after years."""
    flat = re.sub(r"\n(?!- )\s*", " ", text)
    return [part for line in flat.splitlines() for part in re.split(r"(?<=\d{4}\. )", line)]


def letters(text: str) -> str:
    """Return the letters and digits of a text, without accents, for comparing."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[^a-z0-9]", "", plain)


def described(work: Entry) -> str:
    """Return a work as a reader would cite it."""
    kind = next((kind for kind in ADDRESSES if kind in work.fields), None)
    text = (
        f"{authors(work)}, *{work.fields['title'].strip('{}')}*, {work.fields['howpublished']}, {work.fields['year']}"
    )
    if not kind:
        return f"{text}."
    start, prefix = ADDRESSES[kind]
    return f"{text}. [{prefix}{re.sub('^https?://', '', work.fields[kind])}]({start}{work.fields[kind]})."


def authors(work: Entry) -> str:
    """Return the surnames of a work's authors, at most three of them."""
    people: list[Person] = work.persons["author"]
    names = [" ".join(person.last_names) for person in people]
    if names[-1] == "others" or len(names) > 3:
        return f"{names[0]} et al."
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def also_linked(texts: dict[str, str], names: dict[str, str], works: list[Entry]) -> str:
    """Return the numbers that chapters link to and that the list above does not have."""
    known = {work.fields[kind] for work in works for kind in ("doi", "eprint") if kind in work.fields}
    lines = []
    for slug, text in texts.items():
        for doi, arxiv in dict.fromkeys(NUMBER.findall(text)):
            if (doi or arxiv) not in known:
                address = f"https://doi.org/{doi}" if doi else f"https://arxiv.org/abs/{arxiv}"
                lines.append(f"- [{'doi:' + doi if doi else 'arXiv:' + arxiv}]({address}). In: {names[slug]}.")
    return "\n".join(["## Also linked", "", *lines, ""]) if lines else ""
