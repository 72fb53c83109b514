"""AG_NEWS: 127,600 news stories in four classes, downloaded as the two CSV files that its authors published."""

import csv
import html
import re
from dataclasses import dataclass
from pathlib import Path

import torch

from helpers.data.data_error import DataError
from helpers.data.sources.download import Remote, fetch
from helpers.data.texts import Texts, TextSplits, holdout_texts

MIRRORS = ("https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/",)
TRAIN = Remote("train.csv", "b1a00f826fdfbd249f79597b59e1dc12", MIRRORS)
TEST = Remote("test.csv", "d52ea96a97a2d943681189a97654912d", MIRRORS)
UNPACKED = ("ag_news_csv", "AG_NEWS")  # the folders of the authors' archive and of torchtext
CLASSES = ["World", "Sports", "Business", "Sci/Tech"]
ENTITY = re.compile(r"&?#(\d+);")  # as it came through the crawl: &#39; without its ampersand


@dataclass(frozen=True)
class NewsFiles:
    """Where AG_NEWS comes from: the training and the test file, and how many training texts are for validation."""

    train: Remote = TRAIN
    test: Remote = TEST
    valid: int = 7600


def ag_news(seed: int, cache: Path) -> TextSplits:
    """127,600 titles with descriptions of news: 112,400 to train, 7,600 to validate, 7,600 to test; four classes.

    The test set is the published one. The seed decides which training texts are for validation.

    Source: Zhang, Zhao and LeCun, 2015, Character-level convolutional networks for text classification,
    arXiv:1509.01626, from Gulli's corpus of news articles.
    """
    return load_files(NewsFiles(), seed, cache)


def load_files(files: NewsFiles, seed: int, cache: Path) -> TextSplits:
    """Fetch and read both files, and take the validation set from the training file.

    Raises:
        DataError: if a file cannot be had, or a line of it is not a class and a text.
    """
    elsewhere = [cache / name for name in UNPACKED]
    train = fetch(files.train, cache / "ag-news", instead="doclines", elsewhere=elsewhere)
    test = fetch(files.test, cache / "ag-news", instead="doclines", elsewhere=elsewhere)
    rest, valid = holdout_texts(read_news(train), files.valid, seed)
    return TextSplits("ag-news", rest, valid, read_news(test), CLASSES)


def read_news(path: Path) -> Texts:
    """Read lines of "class","title","description", with classes 1 to 4, which become labels 0 to 3.

    Raises:
        DataError: a line does not have three fields, or its class is not 1, 2, 3 or 4; or there are no lines.
    """
    sentences, labels = [], []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if len(row) != 3 or row[0] not in ("1", "2", "3", "4"):
                raise DataError(
                    f'{path}, record {number}, should be "class","title","description" with a class from 1 to 4, '
                    f"but is {str(row)[:60]}. Replace it by the published file."
                )
            labels.append(int(row[0]) - 1)
            sentences.append(_plain(f"{row[1]} {row[2]}"))
    if not labels:
        raise DataError(f"{path} should hold news, but is empty. Replace it by the published file.")
    return Texts(sentences, torch.tensor(labels))


def _plain(text: str) -> str:
    """The text without what the crawl left in it: half-eaten entities, and backslashes for line breaks."""
    return " ".join(html.unescape(ENTITY.sub(r"&#\1;", text)).replace("\\", " ").split())
