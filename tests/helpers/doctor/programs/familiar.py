"""Right programs that everybody knows: the course's own trainings, torchvision's and MONAI's networks, usual loops."""

import copy

import torch
from monai.losses import DiceCELoss
from monai.networks.nets import UNet as MonaiUNet
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, smooth_l1_loss
from torchvision.models import mobilenet_v3_small, resnet18

from helpers import losses, models
from tests.helpers.doctor.programs.listing import right
from tests.helpers.doctor.programs.pieces import digits, in_batches, mlp, next_character, table, text, usual


def masks(count: int = 48, size: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy images with two bright squares each, and where they are: (N, 1, size, size), labels (N, size, size)."""
    truth = torch.zeros(count, size, size, dtype=torch.long)
    for each in truth:
        for label in (1, 2):
            row, column = torch.randint(size - 5, (2,)).tolist()
            each[row : row + 5, column : column + 5] = label
    return truth.unsqueeze(1) + 0.3 * torch.randn(count, 1, size, size), truth


def colored() -> tuple[torch.Tensor, torch.Tensor]:
    """The digits in three colors and at 32x32, as torchvision's networks take them."""
    images, labels = digits(80)
    return nn.functional.interpolate(images, size=32).repeat(1, 3, 1, 1), labels


@right("course")
def softmax_regression_of_the_course():
    """The chapter softmax-regression."""
    optimizer = torch.optim.SGD
    model = models.SoftmaxRegression(64, 10)
    return usual(model, cross_entropy, digits(), optimizer=optimizer(model.parameters(), lr=0.1))


@right("course")
def logistic_regression_of_the_course():
    """The chapter logistic-regression."""
    rows, labels = table("breast_cancer")
    return usual(models.LogisticRegression(30), binary_cross_entropy_with_logits, (rows, labels.float()))


@right("course")
def mlp_of_the_course():
    """The chapter softmax-regression's network with hidden layers."""
    return usual(models.MLP(64, [64, 32], 10), cross_entropy, digits(), rate=3e-3)


@right("course")
def convnet_of_the_course():
    """The chapter cnn's first network."""
    return usual(models.ConvNet(size=8, dropout=0.2), cross_entropy, digits(160), rate=1e-3)


@right("course")
def resnet_of_the_course():
    """The chapter cnn's residual network, with weight decay on everything."""
    images, labels = colored()
    model = models.ResNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True, weight_decay=5e-4)
    return usual(model, cross_entropy, (images, labels), size=16, optimizer=optimizer)


@right("course")
def unet_of_the_course():
    """The chapter u-net's network and its loss."""
    images, truth = masks(40)
    volumes, labels = images.unsqueeze(2).repeat(1, 1, 4, 1, 1), truth.unsqueeze(1).repeat(1, 4, 1, 1)
    volumes = volumes + 0.1 * torch.randn_like(volumes)

    def loss_fn(logits, labels):
        return losses.dice(logits, labels) + cross_entropy(logits, labels)

    return usual(models.UNet(1, 3, widths=(8, 16)), loss_fn, (volumes, labels), size=8, rate=3e-3)


@right("course")
def lstm_classifier_of_the_course():
    """The chapter rnn's classifier of sentences of several lengths."""
    tokens = torch.randint(2, 40, (192, 12))
    lengths = torch.randint(4, 13, (192,))
    tokens[torch.arange(12) >= lengths[:, None]] = 0
    labels = ((tokens == 7) | (tokens == 9)).any(1).long()
    model = models.LSTMClassifier(40, 16, 16, 2)
    return usual(model, cross_entropy, (tokens, labels), rate=3e-3)


@right("torchvision")
def torchvision_resnet18():
    """ResNet-18 as it comes, on images of 32x32."""
    return usual(resnet18(num_classes=10), nn.CrossEntropyLoss(), colored(), size=16, rate=1e-3)


@right("torchvision")
def torchvision_mobilenet():
    """The small MobileNetV3 as it comes."""
    return usual(mobilenet_v3_small(num_classes=10), nn.CrossEntropyLoss(), colored(), size=16, rate=1e-3)


@right("MONAI")
def monai_unet():
    """MONAI's U-Net with its Dice and cross-entropy."""
    model = MonaiUNet(spatial_dims=2, in_channels=1, out_channels=3, channels=(8, 16, 32), strides=(2, 2))
    images, truth = masks()
    loss_fn = DiceCELoss(to_onehot_y=True, softmax=True)
    return usual(model, loss_fn, (images, truth.unsqueeze(1)), size=8, rate=3e-3)


class Sentences(nn.Module):
    """nn.TransformerEncoder over tokens, with padding hidden and left out of the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.places = nn.Embedding(30, 24), nn.Embedding(12, 24)
        layer = nn.TransformerEncoderLayer(24, 4, 48, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(24, 2)

    def forward(self, tokens):
        padded = tokens == 0
        steps = self.embedding(tokens) + self.places(torch.arange(tokens.shape[1]))
        states = self.encoder(steps, src_key_padding_mask=padded)
        kept = (~padded).unsqueeze(2).float()
        return self.head((states * kept).sum(1) / kept.sum(1))


@right("usual")
def transformer_encoder_of_sentences():
    """nn.TransformerEncoder on padded sentences."""
    tokens = torch.randint(1, 30, (192, 12))
    lengths = torch.randint(4, 13, (192,))
    tokens[torch.arange(12) >= lengths[:, None]] = 0
    return usual(Sentences(), nn.CrossEntropyLoss(), (tokens, (tokens == 5).any(1).long()), rate=3e-3, padding=0)


class Language(nn.Module):
    """A decoder of two layers with a causal mask."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.places = nn.Embedding(28, 24), nn.Embedding(32, 24)
        layer = nn.TransformerEncoderLayer(24, 4, 48, dropout=0.0, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(24, 28)

    def forward(self, characters):
        length = characters.shape[1]
        hidden = nn.Transformer.generate_square_subsequent_mask(length)
        steps = self.embedding(characters) + self.places(torch.arange(length))
        return self.head(self.layers(steps, mask=hidden, is_causal=True))


@right("usual")
def causal_transformer_of_characters():
    """A language model of characters."""
    characters = text()
    return usual(Language(), next_character, (characters[:, :-1], characters[:, 1:]), rate=3e-3)


@right("usual")
def lstm_of_rows():
    """nn.LSTM over the rows of an image."""

    class Rows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.LSTM(8, 32, num_layers=2, batch_first=True, dropout=0.1), nn.Linear(32, 10)

        def forward(self, images):
            return self.head(self.rnn(images.squeeze(1))[0][:, -1])

    return usual(Rows(), cross_entropy, digits())


@right("usual")
def adversarial_pair():
    """The loop of a GAN as it is usually written."""
    model = nn.ModuleDict({"maker": mlp(8, 32, 2), "critic": mlp(2, 32, 1)})
    optimizers = {name: torch.optim.Adam(part.parameters(), lr=2e-3, betas=(0.5, 0.9)) for name, part in model.items()}

    def train_step(model, batch, optimizers):
        points = batch[0]
        made = model["maker"](torch.randn(len(points), 8))
        optimizers["critic"].zero_grad()
        true, false = model["critic"](points), model["critic"](made.detach())
        loss = binary_cross_entropy_with_logits(true, torch.ones_like(true))
        loss = loss + binary_cross_entropy_with_logits(false, torch.zeros_like(false))
        loss.backward()
        optimizers["critic"].step()
        optimizers["maker"].zero_grad()
        again = model["critic"](made)
        binary_cross_entropy_with_logits(again, torch.ones_like(again)).backward()
        optimizers["maker"].step()
        return loss.detach()

    points = torch.randn(512, 2) * torch.tensor([1.0, 0.3]) + 1
    batches = [(part, part) for part in points.split(64)]
    return {"model": model, "loss_fn": None, "batches": batches, "optimizer": optimizers, "train_step": train_step}


@right("usual")
def deep_q_learning():
    """Values learned from replayed steps, with a target network that is copied now and then."""
    model = mlp(5, 32, 2)
    target = copy.deepcopy(model).requires_grad_(False)
    optimizer, steps = torch.optim.Adam(model.parameters(), lr=3e-3), []
    places, actions = torch.randint(4, (256,)), torch.randint(2, (256, 1))
    after = (places + 2 * actions[:, 0] - 1).clamp(0, 4)
    done = (after == 4).float().unsqueeze(1)

    def train_step(model, batch, optimizer):
        (states, actions), (later, ends) = batch
        with torch.no_grad():
            wanted = ends + 0.9 * (1 - ends) * target(later).max(1, keepdim=True).values
        loss = smooth_l1_loss(model(states).gather(1, actions), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps.append(float(loss))
        if len(steps) % 10 == 0:
            target.load_state_dict(model.state_dict())
        return loss.detach()

    states = torch.eye(5)
    parts = zip(in_batches(states[places], actions), in_batches(states[after], done), strict=True)
    given = {"model": model, "loss_fn": None, "batches": list(parts), "optimizer": optimizer}
    return given | {"train_step": train_step, "target": target}
