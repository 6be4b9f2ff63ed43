"""Parts of `benchmarks/projector.py`."""
