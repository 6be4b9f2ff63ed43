"""Every head statistic once more: slowly, in NumPy float64, from the kept maps of one text."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.spatial.distance import jensenshannon

import interp_core as ic

LOCAL, REACH = 3, 8


def visible(layout, layer, i, size):
    """The keys that query i may attend to."""
    window = layout.windows[layer]
    return [
        j
        for j in range(size)
        if (j <= i or not layout.causal) and (window is None or abs(i - j) < window)
    ]


def entropy(row):
    row = row[row > 0]
    return float(-(row * np.log(row)).sum())


def mean(values):
    values = list(values)
    return float(np.mean(values)) if values else np.nan


def is_mark(token):
    return any(not c.isspace() for c in token) and not any(c.isalnum() for c in token)


def head_numbers(a, see, maps, separator):
    """All statistics of one map a (n, n); `see[i]` are the keys of query i."""
    n = len(a)
    rows, ids = range(n), maps.queries.ids
    special = maps.special
    sep = [j for j in rows if special[j] and ids[j] == separator]
    other = [j for j in rows if special[j] and j not in sep]
    marks = [j for j in rows if not special[j] and is_mark(maps.tokens[j].strip("▁#Ġ ␣"))]
    same = [[j for j in see[i] if j != i and ids[j] == ids[i]] for i in rows]
    to = lambda keys, queries=rows: mean(a[i, keys].sum() for i in queries)  # noqa: E731
    numbers = {
        "entropy": mean(entropy(a[i]) for i in rows),
        "entropy_normalised": mean(
            entropy(a[i]) / np.log(len(see[i])) for i in rows if len(see[i]) > 1
        ),
        "effective_keys": mean(np.exp(entropy(a[i])) for i in rows),
        "confidence": mean(a[i].max() for i in rows),
        "mass": mean(a[i].sum() for i in rows),
        "distance": mean(sum(a[i, j] * abs(i - j) for j in rows) for i in rows),
        "offset": mean(sum(a[i, j] * (j - i) for j in rows) for i in rows),
        "share_local": mean(sum(a[i, j] for j in rows if abs(i - j) <= LOCAL) for i in rows),
        "share_self": mean(a[i, i] for i in rows),
        "share_previous": mean(a[i, i - 1] for i in rows[1:]),
        "share_next": mean(a[i, i + 1] for i in rows[:-1]),
        "share_first": mean(a[i, 0] for i in rows if 0 in see[i] and len(see[i]) > 1),
        "share_separator": to(sep),
        "share_other_special": to(other),
        "share_punctuation": to(marks),
        "share_repeated": mean(a[i, same[i]].sum() for i in rows if same[i]),
        "separator_to_separator": to(sep, sep) if sep else np.nan,
        "others_to_separator": to(sep, [i for i in rows if i not in sep]) if sep else np.nan,
    }
    return numbers


def profile(a):
    """Share of attention at each offset, the far ones together."""
    n, bins = len(a), np.zeros(2 * REACH + 3)
    for i in range(n):
        for j in range(n):
            bins[min(max(j - i, -REACH - 1), REACH + 1) + REACH + 1] += a[i, j] / n
    return bins


def received(a, see):
    """Mean attention that each key gets from the queries that see it."""
    n = len(a)
    return np.array([mean(a[i, j] for i in range(n) if j in see[i]) for j in range(n)])


class Slow:
    """`numbers[name]` (texts, layers, heads); `rows` and `profiles` by layer and head."""

    def __init__(self, model, texts, frequencies=None):
        self.layers, self.heads = model.layout.attention_layers, model.n_heads
        self.numbers, self.base = {}, {}
        self.rows, self.profiles, self.distances = {}, {}, []
        tokenizer = model.tokenizer
        ends = (tokenizer.sep_token_id, tokenizer.eos_token_id)
        separator = next((end for end in ends if end is not None), None)
        for text in texts:
            maps = ic.attention_maps(model, text)
            maps = maps.encoder or maps
            a = maps.weights.astype(np.float64)
            n = a.shape[-1]
            sees = [[visible(model.layout, layer, i, n) for i in range(n)] for layer in self.layers]
            for k, see in enumerate(sees):
                even = np.zeros((n, n))
                for i in range(n):
                    even[i, see[i]] = 1 / len(see[i])
                for name, value in head_numbers(even, see, maps, separator).items():
                    self.base.setdefault((name, k), []).append(value)
                for h in range(self.heads):
                    self._head(a[k, h], see, maps, separator, k, h, frequencies)
            self.distances.append(self._distances(a, sees[0]))

    def _head(self, a, see, maps, separator, k, h, frequencies):
        numbers = head_numbers(a, see, maps, separator)
        if frequencies is not None:
            content = ~maps.special
            pair = received(a, see)[content], frequencies[maps.queries.ids[content]]
            numbers["correlation_token_frequency"] = np.corrcoef(*pair)[0, 1]
        for name, value in numbers.items():
            self.numbers.setdefault((name, k, h), []).append(value)
        rows = self.rows.setdefault((k, h), {"entropy": [], "normal": [], "confidence": []})
        rows["entropy"] += [entropy(row) for row in a]
        rows["confidence"] += [row.max() for row in a]
        rows["normal"] += [
            entropy(row) / np.log(len(keys)) for row, keys in zip(a, see) if len(keys) > 1
        ]
        self.profiles.setdefault((k, h), []).append(profile(a))

    def _distances(self, a, see):
        flat = a.reshape(-1, *a.shape[-2:])
        rows = [i for i in range(a.shape[-1]) if len(see[i]) > 1]
        if len(rows) > (most := 1024 // a.shape[-1]):  # long texts: evenly spread rows
            rows = [rows[round(k * (len(rows) - 1) / (most - 1))] for k in range(most)]
        found = np.zeros((len(flat), len(flat)))
        for x, y in combinations(range(len(flat)), 2):
            each = jensenshannon(flat[x][rows], flat[y][rows], axis=1) ** 2
            found[x, y] = found[y, x] = each.mean()
        return found

    def column(self, name, reduce):
        """One number for each row of the frame."""
        found = []
        for k in range(len(self.layers)):
            for h in range(self.heads):
                values = np.array(self.numbers[name, k, h])
                found.append(reduce(values[~np.isnan(values)]))
        return np.array(found)

    def base_column(self, name):
        """The base rate of each row of the frame."""
        values = [np.nanmean(self.base[name, k]) for k in range(len(self.layers))]
        return np.repeat(values, self.heads)

    def consistency(self):
        """Mean correlation of two texts' profiles, for each row of the frame."""
        return np.array(
            [
                np.mean([np.corrcoef(p, q)[0, 1] for p, q in combinations(profiles, 2)])
                for profiles in self.profiles.values()
            ]
        )
