"""Classifiers of sentences: a bag of embeddings, a bidirectional LSTM, and one with attention (rnn chapter).

All take tokens (B, T), int64, padded with 0 behind, and return logits (B, K). Padding never changes a logit.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class BagOfEmbeddings(nn.Module):
    """The mean of the tokens' embeddings, in whatever order, then one linear layer.

    Args:
        words: size V of the vocabulary, padding included.
        width: size E of an embedding.
        classes: number of classes K.
        dropout: share of the mean's entries that are dropped in training.
    """

    def __init__(self, words: int, width: int, classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(words, width, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.mul_(0.1)  # the row of the padding stays zero
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits, (B, T) -> (B, K)."""
        mean = self.embedding(tokens)  # (B, E), over the tokens that are no padding
        logits: Tensor = self.linear(self.dropout(mean))  # (B, K)
        return logits


def pack(vectors: Tensor, tokens: Tensor) -> PackedSequence:
    """Vectors (B, T, E) of tokens (B, T), without those of the padding; of an empty sentence the first one stays."""
    lengths = (tokens != 0).sum(dim=1).clamp(min=1)
    return pack_padded_sequence(vectors, lengths.cpu(), batch_first=True, enforce_sorted=False)


class LSTMClassifier(nn.Module):
    """A bidirectional LSTM; its two final states go through one linear layer.

    Args:
        words: size V of the vocabulary, padding included.
        width: size E of an embedding.
        hidden: size H of the state in each direction.
        classes: number of classes K.
        dropout: share of the embeddings' and of the final states' entries that are dropped in training.
    """

    def __init__(self, words: int, width: int, hidden: int, classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.mul_(0.1)  # the row of the padding stays zero
        self.lstm = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * hidden, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits, (B, T) -> (B, K)."""
        vectors = self.dropout(self.embedding(tokens))  # (B, T, E)
        _, (final, _) = self.lstm(pack(vectors, tokens))  # (2, B, H)
        both = torch.cat([final[0], final[1]], dim=1)  # (B, 2H)
        logits: Tensor = self.linear(self.dropout(both))  # (B, K)
        return logits


class AttentionLSTM(LSTMClassifier):
    """A bidirectional LSTM whose states are averaged with learned weights, one for each token.

    The arguments are those of `LSTMClassifier`.

    Source: Yang et al., 2016, Hierarchical attention networks for document classification, section 2.2.
    """

    def __init__(self, words: int, width: int, hidden: int, classes: int, *, dropout: float = 0.0) -> None:
        super().__init__(words, width, hidden, classes, dropout=dropout)
        self.score = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1, bias=False))

    def attend(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return states (B, T, 2H) and weights (B, T), which sum to 1 over the tokens and are 0 on padding."""
        vectors = self.dropout(self.embedding(tokens))
        states, _ = self.lstm(pack(vectors, tokens))
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=tokens.shape[1])
        scores = self.score(states)[..., 0]  # (B, T)
        is_padding = tokens == 0
        is_padding[:, 0] = False  # so that an empty sentence has a softmax, too
        weights = scores.masked_fill(is_padding, float("-inf")).softmax(dim=1)
        return states, weights

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits, (B, T) -> (B, K)."""
        states, weights = self.attend(tokens)
        average = (weights[..., None] * states).sum(dim=1)  # (B, 2H)
        logits: Tensor = self.linear(self.dropout(average))
        return logits
