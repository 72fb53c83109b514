"""Five popular articles, by what they are about, and the Clinic's cases that answer each."""

ARTICLES = {
    "A first model: concepts, logistic and softmax regression from scratch, a ConvNet on MNIST": (
        "C6 C7 C13 L1 L2 L3 L4 S1 S2 S3 S4 S5 S6 N1 N2 N8"
    ),
    "Models trained and tested: activations, metrics, a perceptron, a CNN on CIFAR-10, an LSTM on AG_NEWS, security": (
        "C1 C2 C3 C4 C11 C12 C14 L5 L6 L7 N3 N4 N5 N6 N7 R1 R2 R3 R4 R5 R6 P1 P4"
    ),
    "How a model is built, step by step, up to tuning, compression, transfer and deployment": "C5",
    "PyTorch by example: tensors, autograd, layers, checkpoints, MNIST, a 3-D U-Net with TensorBoard": (
        "C8 C9 C10 S7 S8 U1 U2 U3 U4 U5 U6 U7 U8 U9 U10 U11 P2 P3"
    ),
    "A model of one's own, from building to tuning: optimizers, losses, metrics, data augmentation": (
        "T1 T2 T3 T4 T5 T6 T7 D1 D2 D3 D4 D5"
    ),
}
BESIDE = "Of no article in particular: found while these were tried"


def answered(identifiers: list[str]) -> dict[str, list[str]]:
    """Return what an article is about -> the identifiers, out of the given, of the cases that answer it."""
    found = {about: [name for name in names.split() if name in identifiers] for about, names in ARTICLES.items()}
    named = {name for names in found.values() for name in names}
    found[BESIDE] = [name for name in identifiers if name not in named]
    return {about: names for about, names in found.items() if names}
