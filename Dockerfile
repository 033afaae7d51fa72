# IRSA Explorer in simulated mode:
#   docker build -t irsa-explorer . && docker run --rm -p 127.0.0.1:8501:8501 irsa-explorer
# Any Debian- or Ubuntu-based image with Python 3.11+ and its venv module will do as the base: --build-arg BASE=…
# A tag can move: the same name is another image tomorrow. To build from one image for good, pin the base by its digest:
#   docker buildx imagetools inspect python:3.13-slim     prints it, as “Digest: sha256:…”
#   docker build --build-arg BASE=python:3.13-slim@sha256:… -t irsa-explorer .
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
COPY requirements.txt /
RUN python3 -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements.txt

FROM ${BASE}
# kubectl and aws for the console, from the distribution. Debian 12 keeps kubectl in kubernetes-client.
RUN apt-get update \
 && apt-get install -y --no-install-recommends awscli "$(apt-cache show kubectl >/dev/null 2>&1 && echo kubectl || echo kubernetes-client)" \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --create-home irsa
COPY --from=build /venv /venv
WORKDIR /irsa-explorer
COPY . .
USER irsa
# The pages are reached through the container's port, so they listen on all of the container's addresses. The simulated
# world's own servers (API server, issuer, AWS) stay on loopback inside it. For the console add `-e IRSA_CONSOLE=1`: then
# anyone who reaches the port has it, as long as the host's kernel confines what it runs (Landlock, Linux 6.7).
ENV IRSA_HOST=0.0.0.0 IRSA_PORT=8501 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
  CMD ["/venv/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:%s/_stcore/health' % os.environ['IRSA_PORT'], timeout=2)"]
CMD ["/venv/bin/python", "-m", "app", "serve"]
