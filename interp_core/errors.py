"""Errors that a user can cause. Each message says what is wrong and what to do about it."""

from __future__ import annotations


class ClearheadError(Exception):
    """Base of all errors whose message is written for the person at the keyboard."""


class ModelNotFound(ClearheadError):
    """No such built-in model, folder or Hub id, or the Hub cannot be reached."""


class MissingBase(ModelNotFound):
    """An adapter names no base model, or one that is not here."""


class UnsupportedModel(ClearheadError):
    """The model loads in principle, but what was asked has no meaning or no safe answer for it."""


class InputTooLong(ClearheadError):
    """The text has more tokens than the model reads, or than fits in memory as maps."""


class UnsafeModel(ClearheadError):
    """Loading the folder could run code: pickled weights, remote code, links out of the folder."""


class BadInput(ClearheadError):
    """The text, label, position or option cannot be used."""


class EmptyText(BadInput):
    """There is no text yet: nothing has failed."""


class NothingFound(BadInput):
    """What was looked for is not in the texts: an answer, and no mistake of whoever asked."""


class NotFinite(ClearheadError):
    """A weight, an output or a result is NaN or infinite: the message names the place."""


class ModelTooLarge(ClearheadError):
    """The model does not fit into the memory that is free; the message says the figures."""


class Stopped(ClearheadError):
    """The progress callback returned False."""
