"""Parts of `benchmarks.attention_views`.

passages.py         texts of an exact length
app_server.py       the app as a subprocess
browser.py          headless Chromium: bytes, first paint, repaint (what runs inside: paint.js)
bertviz_pages.py    BertViz in an environment of its own (what runs there: bertviz_render.py)
report.py           tables and goals
"""
