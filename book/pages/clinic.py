"""Writes the Clinic's index: every case that a chapter runs, by chapter, article and topic. Nothing on it is typed."""

import re
from collections import Counter
from dataclasses import dataclass

from nbformat import NotebookNode

from book import notebooks
from book.pages import articles
from book.pages.tables import plain, table
from helpers.runtime.expectations import short

CASE = re.compile(r"([A-Z]\d+) · (.+)")
TOPICS = {  # a case belongs to the topic that its text speaks of most; its heading counts five times
    "Data and splits": r"data set|training set|validation|test set|split|leak|normali[sz]|standardi|augment|flip",
    "Batches and loaders": r"batch|loader|worker|shuffl|sampler",
    "Gradients": r"gradient|derivative|autograd|backward|Hessian",
    "Activations": r"activation|ReLU|tanh|sigmoid",
    "Layers and architectures": r"convol|pool|channel|recur|LSTM|kernel|layer|U-Net|padd|encoder|attention|mask",
    "Losses": r"loss|entropy|hinge|BCE|Dice",
    "Probabilities and classes": r"probabilit|softmax|logit|argmax|threshold",
    "Metrics": r"metric|accuracy|\bF1\b|RMSE|score|recall|precision",
    "Shapes and types": r"shape|broadcast|dtype|axis|axes|array|one-hot|\(N,|reshape|column|dimension",
    "Numbers that break": r"NaN|overflow|infinit|saturat|logarithm|exponential",
    "Training and tuning": r"optimizer|learning rate|scheduler|epoch|step|tuning|seed|lr\b",
    "Saving and loading": r"checkpoint|pickle|load|save|file",
    "Printed results and names": r"printout|listing|print|name|label the axis|library|torchtext|spaCy",
    "Compression and security": r"quanti|prun|distill|attack|privacy|adversar",
}
INTRODUCTION = """# Clinic

Popular articles teach these topics with code that does not run and with claims that do not hold. The course runs
each of them: the symptom, the cause, the cure, and a check that the cure works. This page is written by the build from
the chapters' Clinics. It lists **{cases} cases**; the last column is the first thing that the machine says to each.
"""
BY_ARTICLE = """The cases answer five articles. You will know yours by what it is about.
"""


@dataclass(frozen=True)
class Case:
    """One case: where it stands, what it is about, and what the machine said."""

    id: str
    title: str
    chapter: str
    link: str
    topic: str
    said: str


def page(chapters: dict[str, NotebookNode]) -> str:
    """Return the whole page as Markdown."""
    cases = [case for slug, notebook in chapters.items() for case in cases_of(slug, notebook)]
    parts = [INTRODUCTION.format(cases=len(cases)), "## By chapter\n"]
    for slug, notebook in chapters.items():
        rows = [[case.id, f"[{case.title}]({case.link})", case.said] for case in cases if case.chapter == slug]
        if rows:
            heading = f"(clinic-{slug})=\n### {notebooks.title(notebook)}\n"
            parts += [heading, table(["case", "what is true", "what the machine says"], rows)]
    known = {case.id: case for case in cases}
    parts.append(f"(clinic-by-article)=\n## By article\n\n{BY_ARTICLE}")
    for one in articles.with_rest(list(known)):
        parts += [f"### {one.name}\n\n{one.about}\n", listed([known[name] for name in one.cases])]
    parts.append("## By topic\n")
    for topic in dict.fromkeys([*TOPICS, "Other"]):
        found = [case for case in cases if case.topic == topic]
        parts += [f"### {topic}\n", listed(found)] if found else []
    return "\n".join(parts)


def listed(cases: list[Case]) -> str:
    """Return a list of links to cases."""
    return "".join(f"- {case.id} · [{case.title}]({case.link})\n" for case in cases)


def cases_of(slug: str, notebook: NotebookNode) -> list[Case]:
    """Return the cases of one chapter, in its order."""
    found = []
    for index, words, anchor in notebooks.anchored_headings(notebook):
        if match := CASE.fullmatch(words):
            text = notebook.cells[index].source
            link = f"chapters/{slug}.ipynb#{anchor}"
            found.append(Case(match[1], match[2], slug, link, topic_of(match[2], text), said(notebook, index)))
    return found


def topic_of(title: str, text: str) -> str:
    """Return the topic that a case speaks of most."""
    counts = Counter(
        {
            topic: 5 * len(re.findall(words, title, re.IGNORECASE)) + len(re.findall(words, text, re.IGNORECASE))
            for topic, words in TOPICS.items()
        }
    )
    topic, count = counts.most_common(1)[0]
    return topic if count else "Other"


def said(notebook: NotebookNode, index: int) -> str:
    """Return the error that a case shows, or else its first claim."""
    claim = ""
    for cell in notebook.cells[index + 1 :]:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            break
        for output in cell.get("outputs", []):
            if error := re.match(r"\w+(Error|Exception|Interrupt): ?.*", output.get("text", "")):
                return f"`{shortened(error[0]).replace('`', chr(39))}`"
            data = output.get("data", {}).get(notebooks.CLAIM_MIME)
            if data and not claim:
                claim = f"{plain(data['name'])}: {plain(short(data['value']))}"
    return claim


def shortened(text: str, length: int = 90) -> str:
    """Return a text, cut at the end of a word if it is too long for a table."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"
