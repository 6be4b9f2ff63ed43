"""What there is to ask, as cards that lead on; other models; teaching and sharing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from interp_core.lessons.library import all_lessons
from interp_core.models.registry import bundled_card
from interp_core.ui.navigation import PAGES
from interp_core.ui.server import limits
from interp_core.ui.widgets import sidebar
from interp_core.ui.widgets.model_choice import shelf


@dataclass(frozen=True)
class Card:
    """A question, what answers it, and the page; `of_images` answers it for models of images."""

    question: str
    answer: str
    page: str
    of_images: str = ""


CARDS = (
    Card(
        "Why this prediction?",
        "Word attributions by several methods, suggested edits, and faithfulness.",
        "word_attributions",
        "Attributions of patches or pixels by several methods, and faithfulness.",
    ),
    Card(
        "What do the heads attend to?",
        "Attention of every layer and head for this text, and which heads attend to one word.",
        "attention_heads",
        "Attention of every layer and head for this image, rollout, and ablation.",
    ),
    Card(
        "Where does the model fail?",
        "Upload labelled texts: accuracy, the errors, and what they have in common.",
        "audit",
        "For classifiers of texts: accuracy, the errors, and what they have in common.",
    ),
    Card(
        "How are the vectors arranged?",
        "Words or texts as points: clusters, outliers, label errors, and projection quality.",
        "embedding_projector",
        "Images as points: clusters, outliers, label errors, and projection quality.",
    ),
    Card(
        "What does the model predict next?",
        "Next-token predictions, how they form across layers, and which components produce them.",
        "language_models",
    ),
    Card(
        "Teach it",
        "Lessons of 6 to 10 minutes: predict the result, then check it. Notes for teachers.",
        "lessons",
    ),
)
IN_A_ROW = 3


def show(place: Any, images: bool) -> None:
    """The cards, in rows, for a model of `images` or of texts, instead of what is in `place`."""
    known = dict(PAGES)
    box = {"height": "stretch", "gap": "xsmall", "vertical_alignment": "distribute"}
    with place.container():
        st.header("Next steps")
        for first in range(0, len(CARDS), IN_A_ROW):
            for column, card in zip(st.columns(IN_A_ROW), CARDS[first : first + IN_A_ROW]):
                with column.container(border=True, **box):
                    _card(card, known, images)


def _card(card: Card, known: dict[str, str], images: bool) -> None:
    page, query = card.page, {}
    if page == "audit" and bundled_card(sidebar.model()) is None:
        from interp_core.ui.audit.question import TITLE  # beside its charts

        query = {"audit_data": TITLE}  # whoever brings a model brings texts
    with st.container(gap="xsmall"):
        st.markdown(f"**{card.question}**")
        st.caption(card.of_images if images and card.of_images else card.answer)
    if page == "lessons":
        lesson = all_lessons().lessons[0]
        query = {"lesson": lesson.name, "step": "1"}
        label = f"First lesson, {lesson.minutes} minutes"
    else:
        label = known[page]
    st.page_link(
        f"pages/{page}.py",
        label=label,
        icon=":material/arrow_forward:",
        query_params=query or None,
    )


def models() -> None:
    """The built-in models, one's own, and how to hand a view on."""
    st.header("Another model")
    if limits.is_shared():
        st.markdown("Choose one of the models of this server, here or in the sidebar.")
    else:
        st.markdown(
            "**Use your own model**: in the sidebar, click “Model”, type the path of its folder "
            "(as `save_pretrained` writes it, or an adapter's) or a Hub id, and press Enter. "
            "Or choose a built-in one:"
        )
    shelf()
    st.caption(
        "The address of every page holds the model, the text and all choices: copy it to "
        "share a view. Your text is processed on the Clearhead server only."
    )
