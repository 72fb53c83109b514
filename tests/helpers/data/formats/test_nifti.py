"""Scans from small NIfTI files that these tests write: turned, stretched, damaged, missing, oddly written."""

import gzip
import struct

import nibabel as nib
import numpy as np
import pytest
from nifti_files import case, scan, write

from helpers import data
from helpers.data.formats.nifti import read_case

SAME = {0: 0, 1: 1, 2: 2, 3: 3}


def read(paths, size=10, order=(0, 1, 2, 3), mapping=SAME):
    return read_case(*paths, size=size, order=order, mapping=mapping)


def test_shapes_axes_and_intensities(tmp_path):
    image, labels = scan((12, 10, 8))  # the head is 10 x 8 x 6
    found, truth = read(case(tmp_path, image, labels))
    assert (found.shape, found.dtype, truth.shape, truth.dtype) == ((4, 10, 10, 10), np.float32, (10,) * 3, np.int64)
    head = (found != 0).any(axis=0)
    spans = [np.flatnonzero(head.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    assert [len(span) for span in spans] == [6, 8, 10]  # depth is z, height is y, width is x
    assert [int(span[0]) for span in spans] == [2, 1, 0]  # in the middle
    np.testing.assert_allclose(found[:, head].mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(found[:, head].std(axis=1), 1, atol=1e-5)
    # RAS voxel (x, y, z) = (4, 4, 3) is enhancing: depth up, height to the back (reversed y), width to the right
    assert truth[2 + 3 - 1, 1 + (8 - 1) - (4 - 1), 4 - 1] == 3
    assert np.bincount(truth.ravel()).tolist() == [1000 - 36, 36 - 3, 1, 2]


@pytest.mark.parametrize("axcodes", ["LPS", "RAS", "SRA", "AIL", "PIR"])
def test_a_file_that_is_turned_or_mirrored_reads_the_same(tmp_path, axcodes):
    image, labels = scan()
    upright = read(case(tmp_path / "upright", image, labels))
    turned = read(case(tmp_path / "turned", image, labels, axcodes=axcodes))
    for first, second in zip(upright, turned, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_voxels_become_cubes(tmp_path):
    """A head of 10 x 8 x 6 voxels, each 1 x 1 x 2 mm: 10 x 8 x 12 mm."""
    image, labels = scan()
    found, truth = read(case(tmp_path, image, labels, spacing=(1.0, 1.0, 2.0)), size=24)
    head = (found != 0).any(axis=0)
    assert [int(head.any(axis=other).sum()) for other in ((1, 2), (0, 2), (0, 1))] == [24, 16, 20]
    enhancing = [np.flatnonzero((truth == 3).any(axis=other)).size for other in ((1, 2), (0, 2), (0, 1))]
    assert enhancing == [4, 2, 4]  # 2 mm deep, 1 mm high, 2 mm wide at two voxels to the millimeter


def test_shrinking_averages(tmp_path):
    """Half the resolution: each voxel is the mean of eight, and none is picked from among them."""
    image = np.random.default_rng(0).uniform(10, 100, (8, 8, 8, 4)).astype(np.float32)
    found, _ = read(case(tmp_path, image, np.zeros((8, 8, 8), np.uint8)), size=4)
    means = image.reshape(4, 2, 4, 2, 4, 2, 4).mean(axis=(1, 3, 5))  # (x, y, z, channels)
    upright = means.transpose(3, 2, 1, 0)[:, :, ::-1]  # depth up, height to the back, width to the right
    axes = (1, 2, 3)
    expected = (upright - upright.mean(axis=axes, keepdims=True)) / upright.std(axis=axes, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_channels_and_labels_are_put_in_our_order(tmp_path):
    image, labels = scan()
    paths = case(tmp_path, image, labels)
    found, truth = read(paths)
    other, swapped = read(paths, order=(3, 2, 1, 0), mapping={0: 0, 1: 1, 2: 3, 3: 2})
    np.testing.assert_array_equal(other, found[::-1])
    assert np.array_equal(swapped == 2, truth == 3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda i, _: i.unlink(), "image.nii.gz is missing, but dataset.json names it"),
        (lambda _, t: t.unlink(), "label.nii.gz is missing"),
        (lambda i, _: i.write_bytes(i.read_bytes()[:200]), "cannot be read: Compressed file ended"),
        (lambda i, _: i.write_bytes(b"not at all"), "cannot be read as NIfTI"),
        (lambda i, _: write(i, scan()[0][..., 0]), r"should have 4 axes, but has shape \(12, 10, 8\)"),
        (lambda i, _: write(i, scan()[0][..., :3]), "should have 4 channels, but has 3"),
        (lambda _, t: write(t, scan()[0]), "should have 3 axes"),
        (lambda _, t: write(t, scan((12, 10, 9))[1]), "should lie on one grid"),
        (lambda _, t: write(t, scan()[1], spacing=(1.0, 1.0, 2.0)), "should lie on one grid"),
        (lambda _, t: write(t, scan()[1] + np.uint8(4)), r"labels \[0, 1, 2, 3\], but holds \[4, 5"),
        (lambda i, _: write(i, np.zeros((12, 10, 8, 4), np.float32)), "is 0 everywhere"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path, spoil, message):
    paths = case(tmp_path, *scan())
    spoil(*paths)
    with pytest.raises(data.DataError, match=message):
        read(paths)


@pytest.mark.parametrize("which", [0, 1], ids=["image", "labels"])
def test_no_damage_loads_other_values(tmp_path, which):
    """Four bytes overwritten somewhere inside the gzip: refused by name, or without effect."""
    paths = case(tmp_path, *scan())
    expected = read(paths)
    whole, draw = paths[which].read_bytes(), np.random.default_rng(1)
    refused = 0
    for _ in range(40):
        at = int(draw.integers(10, len(whole) - 8))
        paths[which].write_bytes(whole[:at] + draw.bytes(4) + whole[at + 4 :])
        try:
            found = read(paths)
        except data.DataError as error:
            refused += str(paths[which]) in str(error)
        else:
            assert all(np.array_equal(first, second) for first, second in zip(found, expected, strict=True))
    assert refused > 35


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_voxel_that_is_no_number_is_refused_with_a_cure(tmp_path, value):
    image, labels = scan()
    image[5, 5, 4, 1] = value
    with pytest.raises(data.DataError, match=r"image\.nii\.gz holds 1 voxels that are NaN or infinite.* with 0 there"):
        read(case(tmp_path, image, labels))


def test_labels_that_are_nearly_whole_are_taken_for_whole(tmp_path):
    image, labels = scan()
    expected = read(case(tmp_path, image, labels))[1]
    assert np.array_equal(read(case(tmp_path, image, labels * np.float32(0.99999)))[1], expected)
    with pytest.raises(data.DataError, match=r"whole numbers as labels.* Resample labels by nearest neighbor"):
        read(case(tmp_path, image, labels * np.float32(0.9)))


def test_labels_of_brats_are_refused_with_the_line_that_reads_them(tmp_path):
    """In BraTS, 1 is the core, 2 the edema and 4 enhancing."""
    image, labels = scan()
    brats = np.array([0, 2, 1, 4], dtype=np.uint8)[labels]
    paths = case(tmp_path, image, brats)
    with pytest.raises(data.DataError, match=r'holds \[4\], too\. In the files of BraTS.*"1": "non-enhancing tumor"'):
        read(paths)
    expected = read(case(tmp_path / "ours", image, labels))[1]
    assert np.array_equal(read(paths, mapping={0: 0, 1: 2, 2: 1, 4: 3})[1], expected)


def with_header(path, at, content):
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[at : at + len(content)] = content
    path.write_bytes(gzip.compress(bytes(raw)))


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (40, struct.pack("<h", 9)),
        (42, struct.pack("<h", -12)),
        (42, struct.pack("<h", 32000)),
        (70, struct.pack("<h", 17)),
        (70, struct.pack("<hh", 32, 64)),
        (108, struct.pack("<f", 1e9)),
        (280, struct.pack("<12f", *[0.0] * 12)),
        (280, struct.pack("<f", np.nan)),
        (344, b"what"),
    ],
    ids=["axes", "negative", "huge", "type", "complex", "offset", "no affine", "NaN affine", "magic"],
)
def test_an_odd_header_gives_a_sentence_with_the_name(tmp_path, at, content):
    paths = case(tmp_path, *scan())
    with_header(paths[0], at, content)
    with pytest.raises(data.DataError, match=r"image\.nii\.gz (cannot be read as NIfTI|should)"):
        read(paths)


def test_a_wrong_size_of_the_header_is_read_right(tmp_path):
    paths = case(tmp_path, *scan())
    expected = read(paths)
    with_header(paths[0], 0, struct.pack("<i", 7))
    assert all(np.array_equal(first, second) for first, second in zip(read(paths), expected, strict=True))


def test_an_axis_of_length_one_is_left_out(tmp_path):
    image, labels = scan()
    expected = read(case(tmp_path, image, labels))
    write(tmp_path / "label.nii.gz", labels[..., None])
    write(tmp_path / "image.nii.gz", image[:, :, :, None])
    found = read((tmp_path / "image.nii.gz", tmp_path / "label.nii.gz"))
    assert all(np.array_equal(first, second) for first, second in zip(found, expected, strict=True))


def test_a_scan_in_whole_numbers_with_a_slope_reads_the_same(tmp_path):
    image, labels = scan()
    paths = case(tmp_path, image, labels)
    expected = read(paths)[0]
    file = nib.Nifti1Image(np.rint(image * 100).astype(np.int16), np.eye(4))
    file.header.set_slope_inter(0.01, 0)
    file.header.set_data_dtype(np.int16)
    nib.save(file, paths[0])
    np.testing.assert_allclose(read(paths)[0], expected, atol=1e-2)
