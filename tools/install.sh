#!/bin/sh
# Installs the pinned requirements $2, hashes checked, into the virtual environment $1.
set -eu
echo "Installing $2 into $1"
exec "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$2"
