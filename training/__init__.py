"""Scripts that produced the bundled models: runnable, seeded, and not needed by the app itself.

    train_sentiment.py   low-rank fine-tuning of the MiniLM backbone on treebank phrases
    evaluate.py          measures the shipped sentiment model and updates its card
    treebank.py          phrases and five-way labels of the Stanford Sentiment Treebank
    sst2.py              reading SST-2 in its GLUE layout
    snippets.py          reading rated review snippets, the out-of-domain check
    probes.py            sentences of our own: negation, irony, other domains
    backbone.py          the packaged backbone, strictly loaded, and batches for it
    upper_layers.py      training above frozen layers: cached inputs, batches, schedule
    lora.py              the low-rank layer

Data is named on the command line (`--data DIR`); none of it is kept here.
"""
