"""Scripts that produced the bundled models: runnable, seeded, and not needed by the app itself.

    train_sentiment.py       low-rank fine-tuning of the MiniLM backbone on treebank phrases
    train_sentiment_lstm.py  a recurrent network on the same phrases and word pieces
    train_intents.py         the backbone on what spoken requests ask for
    train_slots.py           the backbone on the words that fill such a request
    train_pos.py             the backbone on parts of speech
    train_digits.py          a small vision transformer from scratch
    evaluate.py              measures the shipped models and updates their cards

    measures.py              what is measured on each model
    cards.py                 writing facts into a card
    probes.py                sentences of our own: negation, irony, other domains

    treebank.py              phrases and five-way labels of the Stanford Sentiment Treebank
    sst2.py                  reading SST-2 in its GLUE layout
    snippets.py              reading rated review snippets, the out-of-domain check
    snips.py, slot_words.py  reading SNIPS: intents, and slots as labelled words
    treebank_words.py        reading UD English EWT
    augment.py               pictures turned, stretched, moved and inverted

    fit.py                   the low-rank recipe that the text models share
    tagger.py, tagged.py     the same for labels of words; entity F1
    backbone.py              the packaged backbone under a new head, and batches for it
    upper_layers.py          training above frozen layers: cached inputs, batches, schedule
    lora.py                  the low-rank layer

Data is named on the command line (`--data DIR`); none of it is kept here.
"""
