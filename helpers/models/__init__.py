"""Models that more than one chapter uses. None of them prints; the perceptron alone brings its own learning rule."""

from helpers.models.cnn import ConvNet
from helpers.models.linear import LogisticRegression, SoftmaxRegression
from helpers.models.mlp import MLP
from helpers.models.perceptron import Perceptron
from helpers.models.resnet import ResidualBlock, ResNet
from helpers.models.rnn import AttentionLSTM, BagOfEmbeddings, LSTMClassifier
from helpers.models.unet import UNet

__all__ = [
    "MLP",
    "AttentionLSTM",
    "BagOfEmbeddings",
    "ConvNet",
    "LSTMClassifier",
    "LogisticRegression",
    "Perceptron",
    "ResNet",
    "ResidualBlock",
    "SoftmaxRegression",
    "UNet",
]
