"""Models that more than one chapter uses. None of them prints; the perceptron alone brings its own learning rule."""

from helpers.models.attention import Block, MultiHead, rotate
from helpers.models.cnn import ConvNet
from helpers.models.gpt import GPT, RotaryMultiHead, empty_caches, step_with_cache
from helpers.models.linear import LogisticRegression, SoftmaxRegression
from helpers.models.mlp import MLP
from helpers.models.perceptron import Perceptron
from helpers.models.resnet import ResidualBlock, ResNet
from helpers.models.rnn import AttentionLSTM, BagOfEmbeddings, LSTMClassifier
from helpers.models.unet import UNet

__all__ = [
    "GPT",
    "MLP",
    "AttentionLSTM",
    "BagOfEmbeddings",
    "Block",
    "ConvNet",
    "LSTMClassifier",
    "LogisticRegression",
    "MultiHead",
    "Perceptron",
    "ResNet",
    "ResidualBlock",
    "RotaryMultiHead",
    "SoftmaxRegression",
    "UNet",
    "empty_caches",
    "rotate",
    "step_with_cache",
]
