"""Reading UD English EWT: words, parts of speech, and how the words are spaced."""

from pathlib import Path

from training.tagged import Sentence

TRAIN = "train.tok_upos.txt"
CONLLU = "en_ewt-ud-{}.conllu"
NO_SPACE = "SpaceAfter=No"
LABELS = (
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
)


def read_train(folder: Path) -> list[Sentence]:
    """The training sentences, every word between spaces: the file does not say how they stood.

    Where "n't" occurs, the sentence comes twice: as "do n't" and as people type it, "don't". Other
    clitics begin with an apostrophe, where word pieces are cut anyway.
    """
    found = []
    for block in (folder / TRAIN).read_text(encoding="utf-8").strip().split("\n\n"):
        words, labels = zip(*(line.split("\t") for line in block.splitlines()))
        spaced = Sentence(words, labels, (False,) * len(words))
        found.append(spaced)
        if (typed := tuple(word.lower() == "n't" for word in words)) != spaced.glued:
            found.append(Sentence(words, labels, typed))
    return found


def read_annotated(folder: Path, split: str, *, spaced: bool) -> list[Sentence]:
    """The sentences of "dev" or "test": words between spaces, or spaced as they were written."""
    path = folder / CONLLU.format(split)
    return [
        _sentence(block.splitlines(), spaced)
        for block in path.read_text(encoding="utf-8").strip().split("\n\n")
    ]


def _sentence(lines: list[str], spaced: bool) -> Sentence:
    words, labels, glued, last, glue = [], [], [], 0, False
    for fields in (line.split("\t") for line in lines if not line.startswith("#")):
        number, word, upos, misc = fields[0], fields[1], fields[3], fields[9]
        if "-" in number:  # several words written as one: their own lines follow
            last = int(number.split("-")[1])
            after = NO_SPACE in misc
        elif "." not in number:  # else a word that was left out, added for the enhanced graph
            words.append(word), labels.append(upos), glued.append(glue and not spaced)
            glue = int(number) < last or (after if int(number) == last else NO_SPACE in misc)
    return Sentence(tuple(words), tuple(labels), tuple(glued))
