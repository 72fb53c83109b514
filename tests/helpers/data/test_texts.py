import pytest
import torch

from helpers import data
from helpers.data.texts import holdout_texts


def test_texts_keep_sentences_and_labels_together():
    texts = data.Texts([f"s{i}" for i in range(20)], torch.arange(20) % 2)
    assert texts[[3, 0]].sentences == ["s3", "s0"]
    assert texts[[3, 0]].labels.tolist() == [1, 0]
    rest, held = holdout_texts(texts, 6, 0)
    assert held.labels.bincount().tolist() == [3, 3]
    assert sorted(rest.sentences + held.sentences) == sorted(texts.sentences)
    for part in (rest, held):
        assert [int(text[1:]) % 2 for text in part.sentences] == part.labels.tolist()
    with pytest.raises(ValueError, match="one label per sentence, but came 2 sentences"):
        data.Texts(["a", "b"], torch.zeros(3))
