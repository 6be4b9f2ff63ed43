"""Texts and pictures as tensors: tokens, words, vocabulary, patches, batches."""
