"""Reports: pictures with all that made them, as a page, a notebook, and a file to go on from.

    record.py    what is kept of each picture
    numbers.py   the table behind a picture: kept, written, compared
    document.py  one HTML file that opens offline
    notebook.py  a Jupyter notebook that computes it all again
    saved.py     a session as a file, and back

A report knows nothing of models, charts or Streamlit: it holds text, numbers and finished pictures.
"""
