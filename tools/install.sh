#!/bin/sh
# Installs the pinned requirements $2, hashes checked, into the virtual environment $1. What nothing imports, which is most
# of it, is never compiled: that took a third of the time.
set -eu
echo "Installing $2 into $1"
exec "$1/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check --no-input --require-hashes -r "$2"
