"""Look inside transformer models: attention, attributions, embeddings, head statistics.

The map of the package, lowest first; each part imports only those above it::

    errors, locations, progress, validation, command, charted   what all share
    models/       find, load and check models; where an architecture keeps its parts; hooks
    inputs/       texts and pictures as tensors: tokens, words, vocabulary, patches, batches
    datasets      built-in samples
    files/        other people's files, read within bounds
    attention/    maps, norm-weighted maps, rollout and flow
    attribution/  methods, targets, results; faithfulness and robustness
    language/     next token, logit lens, direct logit attribution, generation
    generated_text/  answers: units of a prompt, attribution of each token, chats, contrasts
    embedding/    vectors, neighbours, projections and their quality, clusters, labels
    heads/        statistics of heads over many texts, importance, likeness
    images/       the same for image models
    interventions/  heads and edges switched, activations patched, and what the answer does
    audit/        labelled data: scores, slices, errors, verdicts
    distributed/  blocks of rows done by several processes, also by a Ray cluster
    training_dynamics/  the checkpoints of one training: curves, weights, heads, attributions
    comparison    two classifiers side by side
    compare/      two models of any kind: weights, representations, heads, one text, answers
    lessons/      lesson files, and the figures that they claim
    charts/       a data frame in, an Altair chart out
    drawing/      records as pictures: which frame and which chart
    report/       pictures with all that made them, as a page, a notebook and a file
    audit_report  an audit as a report and as JSON
    compare_report  a comparison of two models in the same forms
    ui/           the Streamlit app, in folders of the same names
    cli/          the command `clearhead`: the app, and every other command

`ic.attention`, `ic.attribution`, `ic.language`, `ic.generated_text`, `ic.embedding`, `ic.heads`,
`ic.images`, `ic.interventions`, `ic.audit`, `ic.training_dynamics` and `ic.compare` list their
public names; every one of them is also a name of `ic` itself.

Importing `interp_core` costs nothing: every public name is looked up when first used, and torch
and transformers are imported only when a model is loaded.

>>> import interp_core as ic
>>> model = ic.load_model("sentiment")                                   # doctest: +SKIP
>>> maps = ic.attention_maps(model, "The plot is not bad at all.")       # doctest: +SKIP
>>> maps.weights.shape                                                   # doctest: +SKIP
(6, 12, 10, 10)
"""

from __future__ import annotations

import warnings
from importlib import import_module

from interp_core import (
    attention,
    attribution,
    audit,
    compare,
    embedding,
    generated_text,
    heads,
    images,
    interventions,
    language,
    training_dynamics,
)
from interp_core.version import __version__ as __version__

PACKAGES = (
    attention,
    attribution,
    language,
    generated_text,
    embedding,
    heads,
    images,
    interventions,
    audit,
    training_dynamics,
    compare,
)
HOMES = {
    "interp_core.errors": (
        "ClearheadError",
        "ModelNotFound",
        "UnsupportedModel",
        "InputTooLong",
        "UnsafeModel",
        "BadInput",
        "NothingFound",
        "NotFinite",
        "ModelTooLarge",
        "Stopped",
    ),
    "interp_core.models.registry": (
        "bundled_models",
        "ModelCard",
    ),
    "interp_core.models.load": ("load_model",),
    "interp_core.models.record": ("LoadedModel",),
    "interp_core.models.wrap": ("wrap",),
    "interp_core.comparison": (
        "word_reach",
        "negation_probes",
        "probe",
        "mcnemar",
        "compare_words",
        "compare_reach",
        "compare_probes",
    ),
    "interp_core.files.images": ("read_image",),
    "interp_core.datasets": (
        "digit_picture",
        "held_out_digits",
        "labelled_sample",
        "opinions",
        "sample_photo",
        "sample_photos",
        "sample_table",
        "sentences",
    ),
    "interp_core.files.tables": (
        "read_table",
        "open_table",
        "Table",
    ),
    "interp_core.files.rows": (
        "Row",
        "Skipped",
    ),
    "interp_core.drawing.records": ("chart",),
    "interp_core.drawing.attention": ("overview", "head_view", "heatmap"),
    "interp_core.models.weights": ("weights_digest",),
    "interp_core.report.numbers": ("check_against",),
    "interp_core.files.corpus": (
        "open_corpus",
        "sample_corpus",
        "first_texts",
        "Corpus",
    ),
}
# Said by tqdm, which transformers imports, in a notebook without ipywidgets; it then draws its bars
# as text, and nothing here needs more.
warnings.filterwarnings("ignore", message="IProgress not found")

_WHERE = {name: module for module, names in HOMES.items() for name in names}
_WHERE |= {name: part.__name__ for part in PACKAGES for name in part.__all__}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'interp_core' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
