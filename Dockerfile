# IRSA Explorer in simulated mode. docs/hosting.md says where to run it, and with which limits.
#   docker build -t irsa-explorer .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges -p 127.0.0.1:8501:8501 irsa-explorer
# A tag can move, a digest cannot. This one is of all platforms' index, as docker-library/repo-info publishes it; for a newer
# one: docker buildx imagetools inspect python:3.13-slim-trixie. Any image of Debian or Ubuntu with Python 3.11+ and its venv
# module will do: --build-arg BASE=… (tools/image.sh makes one where no registry is reachable). The pin is on a FROM line,
# since Dependabot reads these alone; with another BASE nothing is built from it, so it is not fetched.
ARG BASE=pinned
FROM python:3.13.14-slim-trixie@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6 AS pinned

# hadolint ignore=DL3006
FROM ${BASE} AS build
COPY requirements.txt requirements-build.txt /
# The environment that runs has no pip: the one that builds installs into it.
RUN python3 -m venv /build \
 && /build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements-build.txt \
 && python3 -m venv --without-pip /venv \
 && /build/bin/pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements.txt
COPY . /source
RUN /build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-build-isolation --no-deps --no-index --wheel-dir /wheel /source \
 && /build/bin/pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check --no-deps --no-index /wheel/*.whl

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="IRSA Explorer" org.opencontainers.image.licenses="Apache-2.0"
# kubectl and aws for the console, from the distribution and in its newest version: `make image` lists what came. Debian 12
# keeps kubectl in kubernetes-client.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends awscli "$(apt-cache show kubectl >/dev/null 2>&1 && echo kubectl || echo kubernetes-client)" \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && groupadd --system --gid 10001 irsa \
 && useradd --uid 10001 --gid irsa --no-create-home --home-dir /tmp irsa
COPY --from=build /venv /venv
# In numbers, since Kubernetes' runAsNonRoot refuses names. Any other user works as well: nothing is written but in /tmp and
# /dev/shm.
USER 10001:10001
# The pages are reached through the container's port, so they listen on all of the container's addresses. The simulated
# world's own servers (API server, issuer, AWS) stay on loopback inside it. For the console add `-e IRSA_CONSOLE=1`: then
# anyone who reaches the port has it, as long as the host's kernel confines what it runs (Landlock, Linux 6.7).
ENV PATH=/venv/bin:$PATH HOME=/tmp IRSA_HOST=0.0.0.0 IRSA_PORT=8501 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
  CMD ["python", "-I", "-c", "import http.client, os; to = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('IRSA_PORT', '').strip() or 8501), timeout=2); to.request('GET', '/healthz'); raise SystemExit(to.getresponse().status != 200)"]
CMD ["irsa-explorer", "serve"]
