"""Product-review snippets with human ratings, read inside the VADER source archive (MIT licence).

Hutto and Gilbert (2014) had 20 people rate sentences of Amazon reviews from -4 to 4. The table lies
in an archive within the sdist of vaderSentiment 3.3.2; nothing is written to disk.
"""

import tarfile
from pathlib import Path

from training.sst2 import Example

INNER = "additional_resources/hutto_ICWSM_2014.tar.gz"
TABLE = "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"
# Closer to zero the raters saw nothing positive or negative, which a two-way model cannot answer.
WEAKEST = 0.5


def read_snippets(sdist: Path) -> list[Example]:
    """Snippets whose mean rating is at least `WEAKEST` away from zero, positive above it."""
    with tarfile.open(sdist) as outer:
        name = next(name for name in outer.getnames() if name.endswith(INNER))
        with tarfile.open(fileobj=outer.extractfile(name)) as archive:
            lines = archive.extractfile(TABLE).read().decode("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line)
    rated = ((text, float(mean)) for _, mean, text in rows)
    return [Example(text.strip(), int(mean > 0)) for text, mean in rated if abs(mean) >= WEAKEST]
