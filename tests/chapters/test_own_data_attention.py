"""What the attention chapter's program for labeled lines does beside what test_own_data_lines asks of it, too."""

import pytest
import torch

from tests.chapters import own_program
from tests.chapters.own_lines import chinese, write


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("attention", tmp_path_factory.mktemp("program") / "lines.py")


def test_padding_and_other_texts_change_no_answer(program):
    torch.manual_seed(0)
    model = program.new_model(9, 3).eval()
    rows = [torch.tensor([2, 5, 8]), torch.tensor([3]), torch.tensor([4, 4, 2, 7, 6, 3])]
    alone = torch.cat([program.class_logits(model, [row]) for row in rows])
    torch.testing.assert_close(program.class_logits(model, rows), alone)


def test_the_order_of_the_words_is_read(program):
    torch.manual_seed(0)
    model = program.new_model(9, 3).eval()
    logits = program.class_logits(model, [torch.tensor([2, 5, 8]), torch.tensor([8, 5, 2])])
    assert not torch.allclose(logits[0], logits[1], atol=1e-4)


def test_a_text_longer_than_the_table_of_places_is_cut(program, tmp_path, capsys):
    program.train_on_lines(write(tmp_path, chinese()), tmp_path / "model.pt")
    program.predict(tmp_path / "model.pt", "很好" * 500)
    assert capsys.readouterr().out.splitlines()[-1].partition(":")[0] in {"好评", "差评"}
