#!/bin/sh
# Brings axe-core, which tests load into the pages, into $1/node_modules: what $1/package-lock.json pins, its integrity
# checked, none of its scripts run. Without npm, or without a network, those tests are skipped, with the reason.
set -eu
if ! command -v npm >/dev/null; then
    echo "Not on this machine: npm. The tests that need axe-core will be skipped." >&2
    exit 0
fi
echo "Installing $1/package-lock.json"
npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error ||
    echo "npm could not install axe-core. The tests that need it will be skipped." >&2
