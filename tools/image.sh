#!/bin/sh
# Builds the container image `irsa-explorer` (or $TAG) with docker or podman (or $ENGINE), prints its size, and writes what
# is in it as CycloneDX into image.cdx.json.
#   tools/image.sh                    on the base that the Dockerfile pins, which comes from a registry
#   BASE=ubuntu:24.04 tools/image.sh  on another
#   tools/image.sh --local-base       on Debian's packages alone, where no registry is reached: as root, with podman and mmdebstrap
set -eu
tag=${TAG:-irsa-explorer}
engine=${ENGINE:-$(command -v docker || command -v podman || true)}
python=${PYTHON:-.venv/bin/python}
option=${1:-}
if [ -z "$engine" ]; then
    echo "Neither docker nor podman is on this machine. Debian, Ubuntu: apt-get install podman" >&2
    exit 1
fi

if ! [ -w . ]; then
    echo "$PWD cannot be written to. Expected: a folder for image.cdx.json. Clone the repository into such a folder." >&2
    exit 1
fi

if ! "$python" -c 'import tools.sbom' 2>/dev/null; then
    echo "$python does not have what writes image.cdx.json. Expected: the tools of this repository. Run: make setup" >&2
    exit 1
fi

# A limit of this shell's, as podman takes it: root in a sandbox may not raise its own, which is what podman tries.
limit() { awk -v name="Max $1" 'index($0, name) == 1 { gsub("unlimited", "-1"); print $(NF-2) ":" $(NF-1) }' /proc/self/limits; }

set -- --tag "$tag"
if [ "$option" = --local-base ]; then
    command -v mmdebstrap >/dev/null || { echo "--local-base needs mmdebstrap: apt-get install mmdebstrap" >&2; exit 1; }
    BASE=localhost/irsa-explorer-base
    if ! "$engine" image exists "$BASE"; then
        packages=python3,python3-venv,ca-certificates,netbase,tzdata
        mmdebstrap --quiet --variant=minbase --include="$packages" trixie - | "$engine" import --quiet - "$BASE" >/dev/null
    fi
    # This machine's CAs, for the build and not for the image: a proxy in front of the machine may have one of its own.
    certificates=/etc/ssl/certs/ca-certificates.crt
    set -- "$@" --volume "$certificates:$certificates:ro" --network host --isolation chroot \
        --ulimit "nofile=$(limit 'open files')" --ulimit "nproc=$(limit processes)"
elif [ -n "$option" ]; then
    echo "Unknown option: $option. There is --local-base." >&2
    exit 2
fi
case $engine in *podman) set -- "$@" --format docker ;; esac # OCI's own format has no HEALTHCHECK
[ -z "${BASE:-}" ] || set -- "$@" --build-arg "BASE=$BASE"

"$engine" build "$@" .

# What is in it, from files that are copied out of it: nothing of it runs here.
contents=$(mktemp -d)
container=$("$engine" create "$tag")
trap 'rm -rf "$contents"; "$engine" rm "$container" >/dev/null' EXIT
"$engine" cp "$container:/var/lib/dpkg/status" "$contents/status"
"$engine" cp "$container:/usr/lib/os-release" "$contents/os-release"
"$engine" cp "$container:/venv/pyvenv.cfg" "$contents/pyvenv.cfg"
"$python" -m tools.sbom --image "$contents"
"$engine" image inspect --format '{{.Size}}' "$tag" | awk -v tag="$tag" '{ printf "%s: %d MB\n", tag, $1 / 1000000 }'
