"""What passages give an answer, and what is said of it: its sources, none, or too few bits to tell.

A figure of bits is a ratio of probabilities: an answer that has the probability p without any
passage can gain log2 1/p bits and no more, so "yes", a colour or one of two that the question names
gains less than a name that the model does not know. And an answer that the model would not begin so
("Green." where it writes whole sentences) is improbable whatever the passages say: the bits are
then those of its form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.inputs.vocabulary import SPACE
from interp_core.inputs.words import find_words
from interp_core.validation import check_position

if TYPE_CHECKING:
    from interp_core.generated_text.answer import Answer
    from interp_core.generated_text.prompt import Prompt

# All of these were chosen on answers that were written for it: of twenty questions
# (training/passages_development.toml) and of 32 whose answers are short, each in few words and as a
# sentence (training/passages_short_development.toml). On them, with `language-model`, 42 answers
# stand in a passage: 24 times that one is named, 18 times the bits are too few to tell. 42 stand in
# none: 23 times the warning appears, 19 times the bits are too few. Nothing else is said.
#
# Bits that a passage gives the whole answer from which it counts as a source: 64 times as probable.
SUPPORT = 6.0
# Bits that a passage gives a single word, both by removal and alone, from which it is a source.
WORD = 2.0
# Bits of P-CXMI from which a token depends on the passages: 8 times as probable.
DEPENDENT = 3.0
# Bits below which nothing is said to be given: half the probability.
LEAST = 1.0
# Bits of P-CXMI from which a single word is a hint: 4 times as probable.
HINT = 2.0
# Probability of an answer's first token below which the model would begin another one, and words
# that an answer of few words has at most.
BEGUN, FEW = 0.1, 3
# Probability without any passage from which an answer needs none.
KNOWN = 0.5

VERDICTS = ("sources", "together", "unclear", "none")
# Whether a search ranked a passage high, and whether the answer rests on it.
FINDINGS = {
    (True, True): "retrieved and read",
    (True, False): "retrieved, not read",
    (False, True): "read, not retrieved",
    (False, False): "neither",
    (True, None): "retrieved, unclear",
    (False, None): "unclear",
}


@dataclass(frozen=True)
class PassageAttribution(Charted):
    """What each of k passages gives to the t tokens of an answer, in bits.

    All arrays are log2 p of the answer's `tokens`: `with_all` and `without_any` (t,) after all
    passages and after none, `without` (k, t) after all but one, `alone` (k, t) after one alone.
    `notes` are sentences on how prompt and answer were read.
    """

    question: str
    passages: tuple[str, ...]
    tokens: tuple[str, ...]
    with_all: np.ndarray
    without_any: np.ndarray
    without: np.ndarray
    alone: np.ndarray
    prompt: Prompt
    answer: Answer
    notes: tuple[str, ...] = ()
    evaluations: int = 0

    @property
    def pcxmi(self) -> np.ndarray:
        """P-CXMI (t,): what all passages together give each token."""
        return self.with_all - self.without_any

    @property
    def removal(self) -> np.ndarray:
        """What each token loses without a passage, (k, t)."""
        return self.with_all - self.without

    @property
    def gain(self) -> np.ndarray:
        """What each token gains from a passage alone, (k, t)."""
        return self.alone - self.without_any

    @property
    def support(self) -> np.ndarray:
        """What a passage gives the whole answer, (k,): the larger of its removal and its gain.

        Where two passages say the same, removing one of them changes nothing and each alone gains.
        """
        return np.maximum(self.removal.sum(1), self.gain.sum(1))

    @property
    def source(self) -> int:
        """The passage (from 0) of the largest support, among those that count as `read` if any."""
        read = self.read
        return int(np.where(read | ~read.any(), self.support, -np.inf).argmax())

    @property
    def read(self) -> np.ndarray:
        """Which passages count as sources of the answer, (k,).

        Those without which the answer loses `SUPPORT` bits or more; those from which alone it gains
        as much, and half of the largest gain at least: any passage tells which subject and which
        kind of sentence there are, and only a second source gains as much as one. And those that
        give a single word of it `WORD` bits both ways: a short answer has no more.
        """
        gain = self.gain.sum(1)
        alone = (gain >= SUPPORT) & (gain >= gain.max() / 2)
        words = self._both_ways.max(1, initial=0) >= WORD
        return (self.removal.sum(1) >= SUPPORT) | alone | words

    @property
    def _both_ways(self) -> np.ndarray:
        """What a passage gives the words by removal and alone, the smaller of both, (k, words)."""
        return np.minimum(self.removal, self.gain)[:, self._words]

    @property
    def _words(self) -> np.ndarray:
        """Which tokens have a letter or a digit, (t,): a full stop or a space is no evidence."""
        return np.array([any(sign.isalnum() for sign in token) for token in self.tokens])

    @property
    def dependent(self) -> np.ndarray:
        """Which tokens depend on the passages, (t,): P-CXMI of `DEPENDENT` or more."""
        return self.pcxmi >= DEPENDENT

    @property
    def room(self) -> float:
        """Bits that any passages could give the answer at most: log2 1/p without them."""
        return float(-self.without_any.sum())

    @property
    def verdict(self) -> str:
        """What the answer rests on, one of `VERDICTS`.

        "sources": passages that count as `read`. "together": all passages give it `SUPPORT` bits,
        and no single one is a source. "unclear": the bits are too few to tell (see `doubts`).
        "none": else.
        """
        if self.read.any():
            return "sources"
        if self.pcxmi.sum() >= SUPPORT:
            return "together"
        return "unclear" if self.doubts else "none"

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why few bits do not tell that an answer rests on no passage: sentences, or none.

        The model would begin another answer, and this one adds few words to its question; what the
        passages give is the better part of what they could give; or they give a word `HINT` bits.
        """
        bits, found = float(self.pcxmi.sum()), []
        if self.hardly_begun and self._adds_little:
            found.append(
                f"{self.hardly_begun}, and the bits are then those of the answer's form. Type a "
                "whole sentence, or let the model write."
            )
        if max(bits, float(self.support.max())) >= max(LEAST, self.room / 2):
            found.append(
                f"Without any passage the answer has a probability of {2**-self.room:.0%}: "
                f"passages alone could give it {self.room:z.1f} bits at most."
            )
        hints = np.flatnonzero((self.pcxmi >= HINT) & self._words)
        if len(hints):
            each = (f"“{_said(self.tokens[at])}” {self.pcxmi[at]:z.1f}" for at in hints)
            found.append(f"They give some of its words a few bits: {', '.join(each)}.")
        return tuple(found)

    @property
    def hardly_begun(self) -> str:
        """That the model would begin another answer, as a sentence without its end, else empty."""
        first = 2 ** float(self.with_all[0])
        if first >= BEGUN:
            return ""
        return (
            f"The model would hardly begin an answer so (“{_said(self.tokens[0])}”, the first "
            f"token: {first:.1%} after all passages)"
        )

    @property
    def _adds_little(self) -> bool:
        """Whether the answer has few words, or repeats its question but for the first and some.

        "Yes", a colour, a day; words of the question alone, such as one of two; "No, the … is not".
        """
        answer = _words_of("".join(self.tokens).replace(SPACE, " "))
        new = [word not in set(_words_of(self.question)) for word in answer]
        few = len(new) <= FEW or sum(new) <= len(new) / 3
        return few and (not any(new) or new[0])

    @property
    def statement(self) -> str:
        """The verdict in words, with its figures."""
        return _SAID[self.verdict](self)

    @property
    def warning(self) -> str | None:
        """A sentence where the answer rests on no passage, else None."""
        return self.statement if self.verdict == "none" else None

    def to_frame(self) -> pd.DataFrame:
        """One row for each passage: passage (from 1), text, removal, alone, support (bits), read.

        `removal` is what the answer loses without it, `alone` what it gains from it alone.
        """
        return pd.DataFrame(
            {
                "passage": range(1, len(self.passages) + 1),
                "text": self.passages,
                "removal": self.removal.sum(1),
                "alone": self.gain.sum(1),
                "support": self.support,
                "read": self.read,
            }
        )

    def by_token(self) -> pd.DataFrame:
        """One row for each token of the answer.

        position, token, probability (after all passages), without (after none), pcxmi (bits),
        dependent, passage (from 1: whose removal costs the token most; none where no removal costs
        it anything) and removal (its bits).
        """
        most = pd.Series(self.removal.argmax(0) + 1, dtype="Int64")
        return pd.DataFrame(
            {
                "position": range(len(self.tokens)),
                "token": self.tokens,
                "probability": 2**self.with_all,
                "without": 2**self.without_any,
                "pcxmi": self.pcxmi,
                "dependent": self.dependent,
                "passage": most.mask(self.removal.max(0) <= 0),
                "removal": self.removal.max(0),
            }
        )

    def of_token(self, position: int) -> pd.DataFrame:
        """What each passage gives one token: passage, text, token, removal, alone (bits)."""
        place = check_position(position, len(self.tokens))
        return pd.DataFrame(
            {
                "passage": range(1, len(self.passages) + 1),
                "text": self.passages,
                "token": self.tokens[place],
                "removal": self.removal[:, place],
                "alone": self.gain[:, place],
            }
        )

    def beside(self, ranking: pd.DataFrame, retrieved: int = 1) -> pd.DataFrame:
        """The passages with what a search makes of them: `ranking` is that of `rank_passages`.

        The columns of `to_frame`, similarity, rank, and `finding`: "retrieved and read",
        "retrieved, not read", "read, not retrieved" or "neither", where the first `retrieved`
        ranks count as retrieved; "retrieved, unclear" or "unclear" where the verdict is "unclear"
        or "together". Raises `BadInput` where the passages are others.
        """
        if list(ranking["text"]) != list(self.passages):
            raise BadInput("The ranking is of other passages. Rank these passages.")
        frame = self.to_frame().assign(
            similarity=ranking["similarity"].to_numpy(), rank=ranking["rank"].to_numpy()
        )
        told = self.verdict in ("sources", "none")
        found = zip(frame["rank"] <= retrieved, frame["read"])
        return frame.assign(
            finding=[FINDINGS[bool(a), bool(b) if told else None] for a, b in found]
        )

    def matrix(self) -> pd.DataFrame:
        """One row for each passage and token: passage, position, token, removal, alone (bits)."""
        passage, position = np.indices(self.removal.shape).reshape(2, -1)
        return pd.DataFrame(
            {
                "passage": passage + 1,
                "position": position,
                "token": [self.tokens[place] for place in position],
                "removal": self.removal.ravel(),
                "alone": self.gain.ravel(),
            }
        )


def _words_of(text: str) -> list[str]:
    return [text[word.start : word.end].casefold() for word in find_words(text) if word.kind]


def _sources(found: PassageAttribution) -> str:
    best = found.source
    bits = f"gives it {found.support[best]:z.1f} bits"
    if found.support[best] < SUPPORT:  # a word of a short answer
        places = np.flatnonzero(found._words)
        word = int(places[found._both_ways[best].argmax()])
        bits = f"gives its “{_said(found.tokens[word])}” {found.removal[best, word]:z.1f} bits"
    others = [str(place + 1) for place in np.flatnonzero(found.read) if place != best]
    also = f" Also read: {', '.join(others)}." if others else ""
    return f"The answer rests on passage {best + 1}, which {bits}.{also}"


def _together(found: PassageAttribution) -> str:
    return (
        "The answer rests on no single passage, but on several of them together: all give it "
        f"{found.pcxmi.sum():z.1f} bits, and none as much alone as a source gives."
        f"{_tokens_said(found)}"
    )


def _unclear(found: PassageAttribution) -> str:
    best = found.source
    return (
        f"Too few bits to tell what the answer rests on: all passages together give it "
        f"{found.pcxmi.sum():z.1f} bits, passage {best + 1} gives {found.support[best]:z.1f}. "
        + " ".join(found.doubts)
    )


def _none(found: PassageAttribution) -> str:
    most = max(float(found.support.max()), 0.0)
    told = (
        f"The answer rests on none of the passages: none makes it more than {2**most:,.1f} "
        f"times as probable ({most:z.1f} bits)."
    )
    if 2**-found.room < KNOWN:
        return told
    return (
        f"{told} It needs none: after the question alone its probability is {2**-found.room:.0%}, "
        "from the model's weights or from the question."
    )


def _tokens_said(found: PassageAttribution) -> str:
    places = np.flatnonzero(found.dependent & found._words)
    named = ", ".join(f"“{_said(found.tokens[at])}”" for at in places)
    return f" Of its tokens {named} depend on them." if named else ""


def _said(token: str) -> str:
    return token.replace(SPACE, " ").strip() or "a space"


_SAID = {"sources": _sources, "together": _together, "unclear": _unclear, "none": _none}
