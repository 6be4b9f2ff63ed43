"""Written by `python -m tools.stubs`."""

from interp_core.images.attribution import ImageAttribution as ImageAttribution
from interp_core.images.attribution import attribute_image as attribute_image
from interp_core.images.correspondence import nearest_patches as nearest_patches
from interp_core.images.correspondence import patch_similarities as patch_similarities
from interp_core.images.erasure import ImageFaithfulness as ImageFaithfulness
from interp_core.images.erasure import image_faithfulness as image_faithfulness
from interp_core.images.heads import image_head_statistics as image_head_statistics
from interp_core.images.pca import PatchPCA as PatchPCA
from interp_core.images.pca import patch_pca as patch_pca
from interp_core.images.pca import pca_of_patches as pca_of_patches
from interp_core.images.sinks import find_patch_sinks as find_patch_sinks
from interp_core.images.sinks import rollout_without_sinks as rollout_without_sinks
from interp_core.images.tables import patch_summaries as patch_summaries
from interp_core.images.tables import patch_table as patch_table
from interp_core.images.tables import pixel_table as pixel_table
from interp_core.images.vectors import digit_table as digit_table
from interp_core.images.vectors import digit_vectors as digit_vectors
from interp_core.images.vectors import image_vectors as image_vectors
