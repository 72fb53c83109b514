"""The Transformer's parts and the GPT: against PyTorch's own, and properties that hold for every shape."""

import ast
import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from book import notebooks
from book.notebooks import CHAPTERS
from helpers import models

COUNTS = st.integers(1, 3)
LENGTHS = st.integers(2, 12)
HEADS = st.sampled_from([(1, 2), (1, 8), (2, 4), (4, 2), (3, 6)])  # heads, width of a head
few = settings(max_examples=25, deadline=None)


def make_gpt(heads, layers=2, tokens=11):
    torch.manual_seed(0)
    count, width = heads
    model = models.GPT(tokens, count * width, count, layers).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():  # an untrained norm or bias would hide a slip
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def tokens_of(count, length, tokens=11):
    return torch.randint(tokens, (count, length), generator=torch.Generator().manual_seed(count * 100 + length))


@few
@given(count=COUNTS, length=LENGTHS, heads=HEADS, causal=st.booleans())
def test_heads_equal_those_of_torch(count, length, heads, causal):
    torch.manual_seed(0)
    number, width = heads
    ours = models.MultiHead(number * width, number).double()
    theirs = nn.MultiheadAttention(number * width, number, batch_first=True).double()
    theirs.in_proj_weight.data = ours.to_qkv.weight.data.clone()
    theirs.in_proj_bias.data = ours.to_qkv.bias.data.clone()
    theirs.out_proj.load_state_dict(ours.mix.state_dict())
    x = torch.randn(count, length, number * width).double()
    mask = torch.ones(length, length, dtype=torch.bool).tril() if causal else None
    our_x, their_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    found = ours(our_x, mask)
    expected, _ = theirs(their_x, their_x, their_x, attn_mask=None if mask is None else ~mask)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12)
    found.square().sum().backward()
    expected.square().sum().backward()
    gradients = [our_x.grad, *(p.grad for p in ours.parameters())]
    names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    of_theirs = [their_x.grad, *(theirs.get_parameter(name).grad for name in names)]
    largest = max(gradient.abs().max().item() for gradient in of_theirs)
    for gradient, other in zip(gradients, of_theirs, strict=True):
        torch.testing.assert_close(gradient, other, atol=1e-12 * max(1, largest), rtol=1e-12)


@few
@given(length=LENGTHS, heads=HEADS, norm_first=st.booleans())
def test_a_block_without_positions_follows_a_permutation(length, heads, norm_first):
    torch.manual_seed(0)
    number, width = heads
    block = models.Block(number * width, number, norm_first).double()
    x = torch.randn(2, length, number * width).double()
    order = torch.randperm(length)
    torch.testing.assert_close(block(x[:, order]), block(x)[:, order], atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_block_equals_torchs_layer(norm_first):
    torch.manual_seed(0)
    block = models.Block(12, 3, norm_first).double()
    theirs = nn.TransformerEncoderLayer(
        12, 3, 48, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_first
    ).double()
    theirs.self_attn.in_proj_weight.data = block.attention.to_qkv.weight.data
    theirs.self_attn.in_proj_bias.data = block.attention.to_qkv.bias.data
    theirs.self_attn.out_proj.load_state_dict(block.attention.mix.state_dict())
    parts = [(theirs.linear1, block.feed[0]), (theirs.linear2, block.feed[2])]
    parts += [(theirs.norm1, block.norm1), (theirs.norm2, block.norm2)]
    for one, other in parts:
        one.load_state_dict(other.state_dict())
    x = torch.randn(2, 5, 12).double()
    torch.testing.assert_close(block(x), theirs(x), atol=1e-12, rtol=1e-12)


@few
@given(start=st.integers(0, 200), apart=st.integers(0, 20), width=st.sampled_from([2, 6, 16]))
def test_turned_vectors_know_their_distance_alone(start, apart, width):
    generator = torch.Generator().manual_seed(width)
    query, key = torch.randn(2, 1, width, generator=generator).double()
    here = models.rotate(query, start + apart) @ models.rotate(key, start).T
    at_zero = models.rotate(query, apart) @ models.rotate(key, 0).T
    torch.testing.assert_close(here, at_zero, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(models.rotate(query, start).norm(), query.norm(), atol=1e-5, rtol=1e-5)


@few
@given(start=st.integers(0, 50), length=LENGTHS, heads=HEADS)
def test_queries_and_keys_are_turned_together_as_each_alone(start, length, heads):
    torch.manual_seed(0)
    number, width = heads
    attention = models.RotaryMultiHead(number * width, number)
    x = torch.randn(2, length, number * width)
    queries, keys, values = models.MultiHead.project(attention, x)
    found = attention.project(x, start)
    for one, expected in zip(found, (models.rotate(queries, start), models.rotate(keys, start), values), strict=True):
        assert torch.equal(one, expected)


@few
@given(count=COUNTS, length=LENGTHS, heads=HEADS, data=st.data())
def test_no_place_of_the_gpt_sees_those_behind_it(count, length, heads, data):
    model, tokens = make_gpt(heads), tokens_of(count, length)
    place = data.draw(st.integers(0, length - 1))
    changed = tokens.clone()
    changed[:, place] = (tokens[:, place] + 1) % 11
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    assert torch.equal(before[:, :place], after[:, :place])
    assert (before[:, place] != after[:, place]).any(dim=1).all()


@few
@given(count=COUNTS, length=LENGTHS, heads=HEADS, layers=st.integers(1, 3))
def test_the_cache_gives_the_logits_of_no_cache(count, length, heads, layers):
    model, tokens = make_gpt(heads, layers), tokens_of(count, length)
    with torch.no_grad():
        caches = models.empty_caches(model, count)
        steps = [models.step_with_cache(model, tokens[:, t : t + 1], t, caches) for t in range(length)]
        torch.testing.assert_close(torch.cat(steps, dim=1), model(tokens), atol=1e-10, rtol=1e-10)
    assert all(kept["keys"].shape[2] == length for kept in caches)


def test_empty_caches_have_the_shape_of_no_token():
    caches = models.empty_caches(models.GPT(11, 12, 3, 2), 5)
    assert [kept["keys"].shape for kept in caches] == [(5, 3, 0, 4)] * 2
    assert [kept["values"].shape for kept in caches] == [(5, 3, 0, 4)] * 2


def test_the_gpt_has_as_many_parameters_as_the_formula_says():
    model = models.GPT(50, 32, 4, 3)
    assert sum(p.numel() for p in model.parameters()) == 3 * (12 * 32**2 + 13 * 32) + 50 * 32 + 2 * 32


@pytest.fixture(scope="module")
def chapter():
    """The adapter of the language-models chapter, and the function that merges one into its layer."""
    cells = notebooks.code_cells(notebooks.read(CHAPTERS / "language-models.ipynb"))
    names = {"nn": nn, "torch": torch, "copy": copy}
    for beginning in ("class LowRank", "def merged"):
        (source,) = [cell.source for cell in cells if cell.source.startswith(beginning)]
        exec(ast.unparse(ast.parse(source).body[0]), names)
    return names


@few
@given(inputs=st.integers(1, 9), outputs=st.integers(1, 9), rank=st.integers(1, 4), bias=st.booleans())
def test_a_merged_adapter_equals_the_unmerged_one(chapter, inputs, outputs, rank, bias):
    torch.manual_seed(0)
    linear = nn.Linear(inputs, outputs, bias=bias)
    x = torch.randn(4, inputs).double()
    layer = chapter["LowRank"](linear, rank).double()
    torch.testing.assert_close(layer(x), linear.double()(x), atol=0, rtol=0)  # it begins as the layer that it holds
    layer.B.data.normal_()
    merged = chapter["merged"](layer)
    torch.testing.assert_close(merged(x), layer(x), atol=1e-12, rtol=1e-12)
    assert isinstance(merged, nn.Linear)
