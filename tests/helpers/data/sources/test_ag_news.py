"""AG_NEWS, on small files in the true format: quoted CSV, classes 1 to 4, title and description."""

import hashlib

import pooch
import pytest

from helpers import data
from helpers.data import registry
from helpers.data.sources.ag_news import MIRRORS, TEST, TRAIN, NewsFiles, ag_news, load_files, read_news
from helpers.data.sources.download import Remote

LINES = (
    '"3","Wall St. Bears","Short-sellers, Wall Street\'s ""ultra-cynics"", are seeing green."\n'
    '"4","Rover","Scientists say it\\\\\\drives."\n'
    '"1","Talks","The leaders&#39; talks, and the teams#39; too, &lt;b&gt;failed."\n'
    '"2","Final","They won.\nTwice."\n'
)


def contents(train=40, test=8):
    def rows(count, word):
        return "".join(f'"{i % 4 + 1}","{word} {i}","Text, {i}."\n' for i in range(count)).encode()

    return {"train.csv": rows(train, "Train"), "test.csv": rows(test, "Test")}


def files(server, parts, valid=8):
    remotes = {}
    for name, content in parts.items():
        server.files[f"/{name}"] = content
        remotes[name] = Remote(name, hashlib.md5(content).hexdigest(), (server.url + "/",))
    return NewsFiles(remotes["train.csv"], remotes["test.csv"], valid)


def test_a_file_by_hand(tmp_path):
    path = tmp_path / "news.csv"
    path.write_bytes(LINES.encode())
    texts = read_news(path)
    assert texts.labels.tolist() == [2, 3, 0, 1]
    assert texts.sentences == [
        'Wall St. Bears Short-sellers, Wall Street\'s "ultra-cynics", are seeing green.',
        "Rover Scientists say it drives.",
        "Talks The leaders' talks, and the teams' too, <b>failed.",
        "Final They won. Twice.",
    ]


def test_letters_and_line_breaks_stay_as_the_file_has_them(tmp_path):
    path = tmp_path / "news.csv"
    path.write_bytes('"1","Zürich","Café\u2028naïve 新聞."\n'.encode())
    assert read_news(path).sentences == ["Zürich Café naïve 新聞."]


def test_the_test_set_is_kept_and_validation_comes_from_training(server, tmp_path):
    splits = load_files(files(server, contents()), 0, tmp_path)
    assert splits.name == "ag-news"
    assert splits.classes == ["World", "Sports", "Business", "Sci/Tech"]
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [32, 8, 8]
    assert splits.test.sentences == [f"Test {i} Text, {i}." for i in range(8)]
    assert splits.test.labels.tolist() == [0, 1, 2, 3] * 2
    assert splits.valid.labels.bincount().tolist() == [2, 2, 2, 2]
    assert sorted(splits.train.sentences + splits.valid.sentences) == sorted(f"Train {i} Text, {i}." for i in range(40))
    assert sorted(path.name for path in (tmp_path / "ag-news").iterdir()) == ["test.csv", "train.csv"]


def test_the_seed_decides_the_validation_set_and_nothing_is_asked_for_twice(server, tmp_path):
    some = files(server, contents())
    first, again, other = (load_files(some, seed, tmp_path) for seed in (0, 0, 1))
    assert first.valid.sentences == again.valid.sentences != other.valid.sentences
    assert first.test.sentences == other.test.sentences
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('"5","Title","Text."\n', r"record 1, should be .* but is \['5'"),
        ('"1","Title","Text."\n"2","Title"\n', "record 2, should be"),
        ('"class","title","description"\n', "record 1"),
        ("", "should hold news, but is empty"),
    ],
    ids=["class 5", "no description", "a header", "empty"],
)
def test_files_that_do_not_fit_are_refused(server, tmp_path, content, message):
    with pytest.raises(data.DataError, match=message):
        load_files(files(server, contents() | {"test.csv": content.encode()}), 0, tmp_path)


def test_a_damaged_download_is_refused(server, tmp_path):
    some = files(server, contents())
    server.files["/train.csv"] = b"damaged"
    with pytest.raises(data.DataError, match="wrong MD5"):
        load_files(some, 0, tmp_path)


@pytest.mark.parametrize("folder", ["ag-news", "ag_news_csv", "AG_NEWS"])
def test_files_that_the_reader_has_serve_offline(server, tmp_path, folder):
    parts = contents()
    some = files(server, parts)
    (tmp_path / folder).mkdir()
    for name, content in parts.items():
        (tmp_path / folder / name).write_bytes(content)
    assert len(load_files(some, 0, tmp_path).test) == 8
    assert server.asked == []


def test_somebody_elses_train_csv_stays_as_it_is(server, tmp_path):
    some = files(server, contents())
    own = tmp_path / "ag-news" / "train.csv"
    own.parent.mkdir()
    for content in (b"the first", b"the second"):
        own.write_bytes(content)
        with pytest.raises(data.DataError, match=r"train\.csv is in the way"):
            load_files(some, 0, tmp_path)
        assert own.read_bytes() == content
    assert [path.name for path in own.parent.iterdir()] == ["train.csv"]


def test_the_real_source_is_torchtexts_over_https():
    assert TRAIN.md5 == "b1a00f826fdfbd249f79597b59e1dc12"
    assert TEST.md5 == "d52ea96a97a2d943681189a97654912d"
    assert all(mirror.startswith("https://") and mirror.endswith("/ag_news_csv/") for mirror in MIRRORS)
    assert registry.DOWNLOADED_TEXTS["ag-news"] is ag_news
    assert NewsFiles() == NewsFiles(TRAIN, TEST, 7600)


def test_load_says_what_is_missing(monkeypatch, tmp_path):
    def refused(*_, **__):
        raise ConnectionError("no network in this test")

    monkeypatch.setattr(pooch, "retrieve", refused)
    with pytest.raises(data.DataError) as caught:
        data.load_texts("ag-news", cache=tmp_path)
    assert f"train.csv is not in {tmp_path / 'ag-news'}" in str(caught.value)
    assert "or load 'doclines'" in str(caught.value)
