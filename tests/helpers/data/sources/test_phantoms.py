import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation

from helpers.data.sources import phantoms as module
from helpers.data.sources.phantoms import CHANNELS, CLASSES, EMPTY, LOOKS, TISSUES, phantom, phantoms, smooth_field
from helpers.data.transforms.normalize import standardize_inside


@pytest.fixture(scope="module")
def few():
    return phantoms(3, volumes=12, size=24)


def test_shapes_dtypes_and_names(few):
    assert few.inputs.shape == (12, 4, 24, 24, 24)
    assert few.targets.shape == (12, 24, 24, 24)
    assert (few.inputs.dtype, few.targets.dtype) == (torch.float32, torch.int64)
    assert CHANNELS == ["FLAIR", "T1", "T1ce", "T2"]
    assert CLASSES == ["background", "edema", "non-enhancing core", "enhancing"]
    assert LOOKS.shape == (len(TISSUES), len(CHANNELS))


# Of each head: voxels of each label, voxels inside the head, and mean third power and mean step along a row of each
# channel. What the book says of the phantoms speaks of these very heads, so no change of the recipe goes unseen.
HEADS = [
    ([13230, 343, 65, 186], 4898, [-0.028, -0.025, -0.049, 0.132], [0.2658, 0.2578, 0.2233, 0.2344]),
    ([13153, 365, 110, 196], 4094, [-0.024, 0.003, 0.133, 0.095], [0.2421, 0.2108, 0.2245, 0.2335]),
    ([13417, 293, 46, 68], 5470, [-0.223, 0.049, -0.021, 0.24], [0.3169, 0.253, 0.2742, 0.2601]),
    ([13396, 311, 35, 82], 4180, [-0.015, -0.012, -0.001, 0.127], [0.2347, 0.2086, 0.2, 0.2203]),
    ([12968, 489, 141, 226], 4562, [0.023, 0.032, 0.006, 0.244], [0.2357, 0.232, 0.2531, 0.188]),
    ([13824, 0, 0, 0], 4690, [-0.104, -0.046, -0.142, 0.512], [0.28, 0.2362, 0.268, 0.2024]),
]


@pytest.mark.parametrize(("index", "labels", "inside", "third_powers", "steps"), [(i, *h) for i, h in enumerate(HEADS)])
def test_the_heads_of_a_seed_stay_the_same(few, index, labels, inside, third_powers, steps):
    image = few.inputs[index].double()
    assert few.targets[index].flatten().bincount(minlength=4).tolist() == pytest.approx(labels, abs=2)
    assert (image != 0).any(dim=0).sum().item() == pytest.approx(inside, abs=2)
    assert (image**3).mean(dim=(1, 2, 3)).tolist() == pytest.approx(third_powers, abs=2e-3)
    assert image.diff(dim=3).abs().mean(dim=(1, 2, 3)).tolist() == pytest.approx(steps, abs=2e-3)


def test_every_sixth_volume_has_no_lesion_and_the_others_have_every_part(few):
    for index, labels in enumerate(few.targets):
        there = labels.unique().tolist()
        assert there == ([0] if index % EMPTY == EMPTY - 1 else [0, 1, 2, 3])


def test_the_seed_decides_and_a_larger_set_begins_with_a_smaller_one(few):
    again, other, fewer = (
        phantoms(3, volumes=12, size=24),
        phantoms(4, volumes=2, size=24),
        phantoms(3, volumes=2, size=24),
    )
    assert torch.equal(again.inputs, few.inputs)
    assert torch.equal(again.targets, few.targets)
    assert torch.equal(fewer.inputs, few.inputs[:2])
    assert not torch.equal(other.inputs, few.inputs[:2])


def test_no_two_volumes_are_the_same(few):
    flat = few.inputs.flatten(1)
    assert len(torch.unique(flat, dim=0)) == len(flat)


def test_nothing_is_drawn_from_global_random_state():
    np.random.seed(0)
    first = phantoms(0, volumes=1, size=16)
    np.random.seed(1)
    torch.manual_seed(1)
    assert torch.equal(phantoms(0, volumes=1, size=16).inputs, first.inputs)


def test_inside_the_head_each_channel_is_standardized_and_outside_it_is_zero(few):
    for image, labels in zip(few.inputs, few.targets, strict=True):
        head = (image != 0).any(dim=0)
        inside = image[:, head].double()
        torch.testing.assert_close(inside.mean(dim=1), torch.zeros(4).double(), rtol=0, atol=1e-5)
        torch.testing.assert_close(inside.std(dim=1, correction=0), torch.ones(4).double(), rtol=0, atol=1e-5)
        assert not head[0, 0, 0]
        assert head[labels > 0].all()


def test_the_parts_are_nested(few):
    """Nearly every voxel of the core touches core or rim only: little of it borders on edema or background."""
    for labels in few.targets.numpy()[:5]:
        core = labels == 2
        shell = binary_dilation(core) & ~core
        assert (labels[shell] == 3).mean() > 0.8


def test_a_lesion_is_seen_in_its_contrast(few):
    """Enhancing rims are bright in T1ce and the core is dark there, on average over heads."""
    lesions = few.targets > 0
    t1ce, flair = few.inputs[:, CHANNELS.index("T1ce")], few.inputs[:, CHANNELS.index("FLAIR")]
    assert t1ce[few.targets == 3].mean() > t1ce[few.targets == 2].mean() + 1
    assert flair[few.targets == 1].mean() > flair[~lesions & (flair != 0)].mean() + 0.5


@pytest.mark.parametrize("size", [(24, 32, 32), (17, 20, 23)])
def test_any_size(size):
    image, labels = phantom(size, np.random.default_rng(0), lesion=True)
    assert image.shape == (4, *size)
    assert labels.shape == size
    assert np.isfinite(image).all()


def test_a_smooth_field_is_smooth_and_of_unit_size():
    fields = np.stack([smooth_field((20, 20, 20), np.random.default_rng(seed)) for seed in range(50)])
    assert 0.5 < np.square(fields).mean() < 2
    assert np.abs(np.diff(fields, axis=1)).mean() < 0.35 * np.abs(fields).mean()


def test_healthy_look_alikes_are_labelled_background():
    """Vessels and caps: bright in T1ce or FLAIR, and no lesion."""
    place, _ = module._head((24, 24, 24), np.random.default_rng(0))
    tissue = module._healthy(place, np.random.default_rng(0))
    assert {TISSUES.index(name) for name in ("cap", "vessel", "csf", "grey", "white")} <= set(np.unique(tissue))
    assert tissue.max() < TISSUES.index("edema")


def test_standardize_inside_by_hand():
    image = np.array([[[[1.0, 3.0, 50.0]]], [[[7.0, 7.0, 9.0]]]], dtype=np.float32)
    mask = np.array([[[True, True, False]]])
    assert standardize_inside(image, mask).tolist() == [[[[-1, 1, 0]]], [[[0, 0, 0]]]]
    assert not standardize_inside(image, np.zeros((1, 1, 3), dtype=bool)).any()
