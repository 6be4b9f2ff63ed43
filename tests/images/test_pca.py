"""Principal components of patches, and the patches of other pictures that are like one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import ImageOps
from sklearn.decomposition import PCA

import interp_core as ic
from interp_core.images.pca import usual_layer
from tests.needs import needs_photos


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (30, 30, 3), dtype=np.uint8) for _ in range(3)]


@pytest.fixture(scope="module")
def vectors(tiny_model, noise):
    """3 pictures of 3 × 3 patches."""
    return ic.image_vectors(tiny_model("vit"), noise, layer=1, pooling="patch")


def test_it_is_the_decomposition_of_scikit_learn_up_to_signs(tiny_model, noise, vectors):
    found = ic.patch_pca(tiny_model("vit"), noise, layer=1)
    fitted = PCA(3, svd_solver="full")
    theirs = fitted.fit_transform(vectors.values.astype(np.float64)).reshape(3, 3, 3, 3)
    ours = np.stack(found.scores)
    signs = np.sign((ours * theirs).sum((0, 1, 2)))
    np.testing.assert_allclose(ours, theirs * signs, atol=1e-6)
    np.testing.assert_allclose(found.shares, fitted.explained_variance_ratio_, atol=1e-9)
    assert found.layer == 1


def test_it_is_the_singular_value_decomposition(vectors):
    """Without scikit-learn: directions are singular vectors of the centred vectors."""
    found = ic.pca_of_patches(vectors)
    centred = vectors.values.astype(np.float64) - vectors.values.astype(np.float64).mean(0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(found.components @ directions[:3].T), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(found.shares, (sizes**2 / (sizes**2).sum())[:3], atol=1e-9)
    flat = np.concatenate([each.reshape(-1, 3) for each in found.scores])
    np.testing.assert_allclose(flat, (vectors.values - found.mean) @ found.components.T, atol=1e-6)


def test_signs_follow_the_rule_and_can_be_flipped(vectors):
    found = ic.pca_of_patches(vectors)
    edge = np.ones((3, 3), dtype=bool)
    edge[1, 1] = False
    assert np.mean([each[edge, 0] for each in found.scores]) < 0
    other = found.flipped(0, 2)
    assert np.array_equal(other.scores[1], found.scores[1] * [-1, 1, -1])
    assert np.array_equal(other.components, found.components * [[-1], [1], [-1]])
    object_, ground = found.objects()[0], other.objects()[0]
    assert np.array_equal(object_, ~ground)
    with pytest.raises(ic.BadInput, match="Component 3 does not exist"):
        found.flipped(3)


def test_colours_are_scaled_alike_for_all_pictures(vectors):
    found = ic.pca_of_patches(vectors, components=2)
    colours = np.stack(found.colours())
    assert colours.shape == (3, 3, 3, 3)
    assert (colours[..., 2] == 128).all()
    flat, first = colours[..., 0].ravel(), np.stack(found.scores)[..., 0].ravel()
    assert (flat.min(), flat.max()) == (0, 255)
    assert (np.diff(flat[np.argsort(first)].astype(int)) >= 0).all()
    frame = found.to_frame()
    assert frame.shape == (27, 7)
    red, green, blue = colours[1, 2, 0]
    line = frame.query("picture == 1 and row == 2 and column == 0").iloc[0]
    assert line["colour"] == f"#{red:02x}{green:02x}{blue:02x}"
    assert line["component_2"] == found.scores[1][2, 0, 1]
    assert line["object"] == (found.scores[1][2, 0, 0] > 0)


def test_patches_that_are_all_alike_have_no_components_and_no_colour(vectors):
    same = ic.Vectors(np.ones_like(vectors.values), vectors.frame)
    found = ic.pca_of_patches(same)
    assert not found.shares.any()
    assert (np.stack(found.colours()) == 128).all()


def test_what_differs_by_no_more_than_rounding_gets_no_colour(vectors):
    rng = np.random.default_rng(0)
    values = 1e3 + 1e-4 * rng.normal(size=vectors.values.shape)
    found = ic.pca_of_patches(ic.Vectors(values.astype(np.float32), vectors.frame))
    assert not found.shares.any()
    assert (np.stack(found.colours()) == 128).all()


def test_what_are_no_patches_of_one_layer_is_refused(tiny_model, noise, vectors):
    model = tiny_model("vit")
    whole = ic.image_vectors(model, noise)
    layers = ic.image_vectors(model, noise, layer="all", pooling="patch")
    for wrong in (whole, vectors.take(np.arange(22)), vectors.take(np.arange(27)[::-1])):
        with pytest.raises(ic.BadInput, match="not vectors of patches"):
            ic.pca_of_patches(wrong)
    for function in (ic.pca_of_patches, lambda given: ic.nearest_patches(given, 0, (0, 0))):
        with pytest.raises(ic.BadInput, match=r"one layer"):
            function(layers)
    with pytest.raises(ic.BadInput, match="Choose one layer"):
        ic.patch_pca(model, noise, layer="all")
    with pytest.raises(ic.BadInput, match="1 to 26 components"):
        ic.pca_of_patches(vectors, components=27)


# ---------------------------------------------------------------------------------- correspondence


def test_similarities_are_cosines_and_the_nearest_the_largest(vectors):
    table = ic.patch_similarities(vectors, 1, (2, 0))
    unit = vectors.values / np.linalg.norm(vectors.values, axis=1, keepdims=True)
    np.testing.assert_allclose(table["similarity"], unit @ unit[9 + 6], atol=1e-6)
    near = ic.nearest_patches(vectors, 1, (2, 0), limit=2)
    assert len(near) == 6
    for picture, part in near.groupby("picture"):
        others = table[(table["picture"] == picture) & (table["similarity"] < 1 - 1e-9)]
        best = others.nlargest(2, "similarity")
        pd.testing.assert_frame_equal(
            part[["row", "column", "similarity"]].reset_index(drop=True),
            best[["row", "column", "similarity"]].reset_index(drop=True),
        )
        assert list(part["rank"]) == [1, 2]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((3, (0, 0)), "Picture 3 does not exist"),
        ((0, (0, 3)), r"Patch \(0, 3\) does not exist: the image has 3 × 3"),
        ((-1, (0, 0)), "Picture -1 does not exist"),
    ],
)
def test_a_patch_that_there_is_not_is_refused(vectors, given, says):
    with pytest.raises(ic.BadInput, match=says):
        ic.nearest_patches(vectors, *given)
    with pytest.raises(ic.BadInput, match="limit must be at least 1"):
        ic.nearest_patches(vectors, 0, (0, 0), limit=0)


@needs_photos
def test_a_photo_and_its_mirror_image_correspond_patch_by_mirrored_patch(photo_model):
    photo = ic.sample_photo("temple")
    pair = [photo, ImageOps.mirror(photo)]
    usual, last = usual_layer(photo_model), photo_model.n_layers
    exact, near = _mirrored(photo_model, pair, usual)
    assert exact > 0.6  # one of 256 by chance
    assert near > 0.75
    assert exact > 2 * _mirrored(photo_model, pair, last)[0]  # the last layer says less of a patch


def _mirrored(model, pair, layer: int) -> tuple[float, float]:
    """Shares of patches whose nearest is their own mirror image, exactly or beside it."""
    vectors = ic.image_vectors(model, pair, layer=layer, pooling="patch")
    chosen = [(row, column) for row in range(1, 15, 3) for column in range(0, 16, 2)]
    away = []
    for row, column in chosen:
        found = ic.nearest_patches(vectors, 0, (row, column)).query("picture == 1").iloc[0]
        away.append(max(abs(found["row"] - row), abs(found["column"] - (15 - column))))
    return np.mean(np.array(away) == 0), np.mean(np.array(away) <= 1)


@needs_photos
def test_object_and_ground_of_photographs(photo_model):
    """The flower fills the middle; the sky above the temple and the corners are ground."""
    photos = [ic.sample_photo(name) for name in ("temple", "flower", "portrait")]
    found = ic.patch_pca(photo_model, photos, layer=11)
    temple, flower, portrait = found.objects()
    assert flower[4:11, 3:12].mean() > 0.95
    assert not flower[:2].any()
    assert temple[6:12, 2:7].mean() > 0.9
    assert temple[:4, 10:].mean() < 0.1
    assert portrait[2:7, 6:11].mean() > 0.9
