"""Side-by-side timings against peers: runnable scripts that print what they count, and ratios.

attention_views.py   the attention page and BertViz: bytes sent, time to paint, layer switch
"""
