"""Vectors of words and texts: neighbours, projections, their quality, clusters."""

from interp_core.lazy import exports

HOMES = {
    "vectors": (
        "Vectors",
        "make_vectors",
        "label_names",
    ),
    "extract": (
        "token_vectors",
        "word_vectors",
        "at_layer",
    ),
    "sources": (
        "vocabulary_vectors",
        "line_table",
        "text_rows",
        "with_columns",
        "vocabulary_part",
    ),
    "neighbours": (
        "Neighbours",
        "find_neighbours",
        "nearest_neighbours",
    ),
    "projection": (
        "project",
        "judged",
        "Projection",
    ),
    "quality": (
        "Quality",
        "trustworthiness",
        "continuity",
    ),
    "clustering": (
        "clusters",
        "cluster_summary",
        "apart_words",
        "distinctive_words",
        "common_words",
    ),
    "outlier_scores": (
        "outliers",
        "hubs",
    ),
    "label_quality": (
        "label_conflicts",
        "word_conflicts",
        "agreement_by_layer",
    ),
    "retrieval": ("rank_passages",),
    "space_geometry": ("geometry",),
    "alignment": (
        "align",
        "align_chain",
        "project_layers",
        "path_frame",
        "compare_pictures",
        "over_seeds",
    ),
    "vector_files": (
        "read_vectors",
        "write_vectors",
        "dump_vectors",
    ),
    "tables": (
        "point_table",
        "points_by_layer",
        "pair_table",
        "point_list",
        "doubtful",
        "length_table",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
