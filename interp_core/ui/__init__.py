"""Streamlit glue for the pages: routing, caches, the sidebar, token strip, downloads, errors."""
