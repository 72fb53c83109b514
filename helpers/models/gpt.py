"""A small GPT with rotary positions, which predicts the next token at each place (language-models chapter)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.models.attention import Block, MultiHead, rotate


class RotaryMultiHead(MultiHead):
    """Causal self-attention whose queries and keys are turned by their places."""

    def project(self, x: Tensor, start: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values (B, H, T, E / H) of tokens whose first one stands at ``start``."""
        queries, keys, values = super().project(x)
        both = torch.stack([queries, keys])
        queries, keys = rotate(both, start)
        return queries, keys, values

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Let each token look at itself and at those before it, (B, T, E) -> (B, T, E); a mask is not needed."""
        queries, keys, values = self.project(x)
        # is_causal: each token looks at itself and at those before it
        results = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return self.join(results)


class GPT(nn.Module):
    """Blocks that look back only; the logits come from the token vectors once more.

    Args:
        tokens: size V of the vocabulary.
        width: size E of a token's vector; E / heads is even.
        heads: number of heads H.
        layers: number of blocks.

    Source: Radford et al., 2019, Language models are unsupervised multitask learners, section 2.3; positions by Su et
    al., 2021.
    """

    blocks: Any  # nn.ModuleList of Block; the type checker knows its items as modules only

    def __init__(self, tokens: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        with torch.no_grad():
            self.embedding.weight.mul_(0.1)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        for block in self.blocks:
            block.attention = RotaryMultiHead(width, heads)
        self.norm = nn.LayerNorm(width)

    def logits(self, x: Tensor) -> Tensor:
        """Compare vectors with those of all tokens, (B, T, E) -> (B, T, V)."""
        return self.norm(x) @ self.embedding.weight.T  # type: ignore[no-any-return]

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the next token at each place, (B, T) -> (B, T, V)."""
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        return self.logits(x)


def empty_caches(model: GPT, count: int) -> list[dict[str, Tensor]]:
    """Return one cache for each block: the keys and values of ``count`` texts without a token."""
    caches = []
    for block in model.blocks:
        head_count = block.attention.heads
        size = model.embedding.embedding_dim // head_count
        nothing = model.embedding.weight.new_zeros(count, head_count, 0, size)  # no place yet
        caches.append({"keys": nothing, "values": nothing})
    return caches


def step_with_cache(model: GPT, token: Tensor, place: int, caches: list[dict[str, Tensor]]) -> Tensor:
    """Read one more token of each text, and keep its keys and values in the caches, (B, 1) -> (B, 1, V)."""
    x = model.embedding(token)
    for block, kept in zip(model.blocks, caches, strict=True):
        queries, keys, values = block.attention.project(block.norm1(x), start=place)
        kept["keys"] = torch.cat([kept["keys"], keys], dim=2)  # one place longer
        kept["values"] = torch.cat([kept["values"], values], dim=2)
        results = F.scaled_dot_product_attention(queries, kept["keys"], kept["values"])
        x = x + block.attention.join(results)
        x = x + block.feed(block.norm2(x))
    return model.logits(x)
