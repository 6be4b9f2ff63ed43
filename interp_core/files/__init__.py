"""Bounded readers of other people's files: texts, labelled tables, corpora, vectors, pictures.

Whatever was assumed about a file (encoding, delimiter, header, rows that were left out) is
returned as `notes`: sentences that a page shows beside the upload.
"""
