"""The Transformer's parts: attention with many heads, and the block; positions that turn (attention chapter).

B texts of T tokens of width E; H heads. A mask is True where a token may be looked at.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def angles(places: Tensor, width: int) -> Tensor:
    """How far each of width / 2 hands has turned at each place, in radians, (T,) -> (T, width / 2).

    Source: Vaswani et al., 2017, Attention is all you need, section 3.5.
    """
    speeds = 10_000.0 ** (-torch.arange(0, width, 2) / width)  # (width / 2,)
    return places[:, None] * speeds


def rotate(x: Tensor, start: int = 0) -> Tensor:
    """Turn queries or keys (..., T, d), d even, by the angles of their places; the first one stands at ``start``.

    Source: Su et al., 2021, RoFormer, section 3.4.2, with entries i and i + d/2 as pairs.
    """
    places = torch.arange(start, start + x.shape[-2])
    turned = angles(places, x.shape[-1]).to(x.device)  # (T, d / 2)
    first, second = x.chunk(2, dim=-1)  # entries i and i + d/2 are a pair
    cosines = turned.cos()
    sines = turned.sin()
    turned_first = first * cosines - second * sines
    turned_second = first * sines + second * cosines
    return torch.cat([turned_first, turned_second], dim=-1)


class MultiHead(nn.Module):
    """Self-attention with several heads, equal to `nn.MultiheadAttention` with the same weights.

    Args:
        width: size E of a token's vector, a multiple of ``heads``.
        heads: number of heads H.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        """Move the heads to the front, (B, T, E) -> (B, H, T, E / H)."""
        B, T, E = x.shape  # noqa: N806
        return x.reshape(B, T, self.heads, E // self.heads).transpose(1, 2)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, (B, T, E) -> three times (B, H, T, E / H)."""
        queries, keys, values = self.to_qkv(x).chunk(3, dim=-1)
        return self.split(queries), self.split(keys), self.split(values)

    def join(self, results: Tensor) -> Tensor:
        """Put the heads side by side and mix them, (B, H, T, E / H) -> (B, T, E)."""
        side_by_side = results.transpose(1, 2).flatten(2)
        return self.mix(side_by_side)  # type: ignore[no-any-return]

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let each token look at those that the mask allows, (B, T, E) -> (B, T, E)."""
        queries, keys, values = self.project(x)
        results = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        return self.join(results)


class Block(nn.Module):
    """Attention and a small network, each added to what came in; `nn.TransformerEncoderLayer` without dropout.

    Args:
        width: size E of a token's vector, a multiple of ``heads``.
        heads: number of heads H.
        norm_first: whether the layer norm stands before each part, or after the addition.
    """

    def __init__(self, width: int, heads: int, norm_first: bool = True) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.norm1 = nn.LayerNorm(width)
        self.attention = MultiHead(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the vectors of the next block, (B, T, E) -> (B, T, E)."""
        if self.norm_first:
            x = x + self.attention(self.norm1(x), mask)
            return x + self.feed(self.norm2(x))  # type: ignore[no-any-return]
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.feed(x))  # type: ignore[no-any-return]
