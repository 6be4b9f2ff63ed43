"""A data frame in, an Altair chart out. No data fetching, no Streamlit."""
