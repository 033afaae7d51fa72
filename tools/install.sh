#!/bin/sh
# Installs the pinned requirements $2, hashes checked, into the virtual environment $1. To compile all of it takes a third of
# the time, and most is never imported: Python compiles what is, where it may keep that.
set -eu
if ! [ -w "$1" ]; then
    echo "$2 is not installed in $1 as it is now, and $1 cannot be written to." >&2
    echo "Expected: a folder that you can write to. Make it writable, or remove it and make again." >&2
    exit 1
fi
echo "Installing $2 into $1"
set -- "$1" --require-hashes -r "$2"
[ -n "${PYTHONDONTWRITEBYTECODE:-}" ] || set -- "$@" --no-compile
environment=$1
shift
exec "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@"
