"""Five popular articles, by what they are about, and the Clinic's cases that answer each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Article:
    """One article: a name for it, what it covers, and the identifiers of the cases that answer it."""

    name: str
    about: str
    cases: tuple[str, ...]


def article(name: str, about: str, cases: str) -> Article:
    """Return an article from words."""
    return Article(name, about, tuple(cases.split()))


ARTICLES = (
    article(
        "A first model",
        "Concepts, logistic and softmax regression from scratch, a ConvNet on MNIST.",
        "C6 C7 C13 L1 L2 L3 L4 S1 S2 S3 S4 S5 S6 N1 N2 N8 A1 A2 B3 X2",
    ),
    article(
        "Models trained and tested",
        "Activations, metrics, a perceptron, a CNN on CIFAR-10, an LSTM on AG_NEWS, compression and security.",
        "C1 C2 C3 C4 C11 C12 C14 L5 L6 L7 N3 N4 N5 N6 N7 R1 R2 R3 R4 R5 R6 P1 P4 A3 E2 E3 E4 G1 G2 Q3 B1",
    ),
    article(
        "How a model is built",
        "Step by step, up to tuning, compression, transfer and deployment.",
        "C5 X3",
    ),
    article(
        "PyTorch by example",
        "Tensors, autograd, layers, losses, optimizers, checkpoints, MNIST, a 3-D U-Net with TensorBoard.",
        "C8 C9 C10 S7 S8 U1 U2 U3 U4 U5 U6 U7 U8 U9 U10 U11 P2 P3 G3",
    ),
    article(
        "A model of one's own",
        "From building to tuning: optimizers, losses, metrics, data augmentation.",
        "T1 T2 T3 T4 T5 T6 T7 D1 D2 D3 D4 D5 E1 G4 Q1 Q2 B2 X1",
    ),
)


def with_rest(identifiers: list[str]) -> list[Article]:
    """Return the articles with those of their cases that are given, and the cases of none as one more."""
    found = [Article(one.name, one.about, tuple(i for i in one.cases if i in identifiers)) for one in ARTICLES]
    rest = tuple(i for i in identifiers if not any(i in one.cases for one in ARTICLES))
    found.append(Article("Beside them", "Of no article: found while these were tried.", rest))
    return [one for one in found if one.cases]
