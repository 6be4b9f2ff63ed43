"""A bidirectional LSTM classifier that reads the backbone's word pieces: no attention anywhere.

It has the interface of a transformers classifier, so that everything which asks a model for
predictions, gradients or hidden states works on it; what asks for attention is refused.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from interp_core.errors import UnsupportedModel
from interp_core.models.layout import NO_ATTENTION

FILE_NAME = "recurrent.safetensors"
WORDS = "word_embeddings.weight"  # the one tensor that comes from the backbone
SCALE = 18.0  # the backbone's word vectors deviate by 1/18; gates learn from numbers near one


class RecurrentConfig(PretrainedConfig):
    """Sizes of the network; `hidden_size` is that of both directions together."""

    model_type = "lstm"
    hidden_size = 384
    num_hidden_layers = 1


class RecurrentClassifier(PreTrainedModel):
    """Word vectors (n, d) → LSTM in both directions → the two last states → logits (labels,).

    "Last" is the last token for the direction that reads forwards and the first one for the other,
    so whatever decides has to be carried there step by step.
    """

    config_class = RecurrentConfig
    base_model_prefix = ""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__(config)
        size = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, size, config.pad_token_id)
        self.lstm = nn.LSTM(size, size // 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(size, config.num_labels)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Leave every layer as torch starts it."""

    def get_input_embeddings(self) -> nn.Embedding:
        """The backbone's table of word pieces."""
        return self.word_embeddings

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        return_dict: bool = True,
    ) -> SequenceClassifierOutput:
        """Logits (texts, labels); hidden states are word vectors and LSTM states (texts, n, d).

        Raises `UnsupportedModel` when attention is asked for: there is none.
        """
        if output_attentions:
            raise UnsupportedModel(NO_ATTENTION)
        vectors = self.word_embeddings(input_ids)
        states, last = self._read(self.dropout(SCALE * vectors), attention_mask)
        logits = self.classifier(self.dropout(last))
        hidden = (vectors, states) if output_hidden_states else None
        return SequenceClassifierOutput(logits=logits, hidden_states=hidden)

    def _read(self, vectors: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The state at each token (texts, n, d) and the two last states side by side (texts, d)."""
        if mask is None or bool(mask.all()):
            states, (last, _) = self._run(vectors)
            return states, torch.cat([last[0], last[1]], -1)
        packed = nn.utils.rnn.pack_padded_sequence(vectors, mask.sum(-1).cpu(), True, False)
        packed, (last, _) = self._run(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(
            packed, batch_first=True, total_length=vectors.shape[1]
        )
        return states, torch.cat([last[0], last[1]], -1)

    def _run(self, vectors: Tensor | nn.utils.rnn.PackedSequence) -> tuple:
        # cuDNN gives no gradients in evaluation mode, and attributions are gradients.
        with torch.backends.cudnn.flags(enabled=False):
            return self.lstm(vectors)


def new_recurrent(labels: tuple[str, ...], backbone: Path, **sizes: object) -> RecurrentClassifier:
    """The network with the backbone's word vectors and random weights elsewhere."""
    words = load_file(backbone / "model.safetensors")[f"embeddings.{WORDS}"]
    config = RecurrentConfig(
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        vocab_size=len(words),
        pad_token_id=0,
        dropout=0.0,
        **sizes,
    )
    model = RecurrentClassifier(config)
    with torch.no_grad():
        model.word_embeddings.weight.copy_(words)
    return model.eval()


def load_recurrent(labels: tuple[str, ...], backbone: Path, folder: Path) -> RecurrentClassifier:
    """The trained network: every tensor but the word vectors from `folder`. Raises ValueError."""
    model = new_recurrent(labels, backbone)
    state = {name: value.float() for name, value in load_file(folder / FILE_NAME).items()}
    missing, unknown = model.load_state_dict(state, strict=False)
    if missing != [WORDS] or unknown:
        raise ValueError(f"{FILE_NAME} does not fit: missing {missing}, unknown {unknown}")
    return model
