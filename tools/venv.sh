#!/bin/sh
# Makes the virtual environment $1 with the first Python 3.11+ found: $PYTHON, python3.13, python3.12, python3.11, python3.
# Debian and Ubuntu ship venv's ensurepip in a package of its own: as root we install it, else we say how to.
set -eu
venv=$1

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

python=
for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3; do
    new_enough "$candidate" || continue
    [ -n "$python" ] || python=$candidate
    if can_make_venvs "$candidate"; then
        python=$candidate
        break
    fi
done

if [ -z "$python" ]; then
    echo "No Python 3.11 or newer was found (looked for: ${PYTHON:+$PYTHON }python3.13 python3.12 python3.11 python3)." >&2
    echo "python3 here is: $(python3 --version 2>&1 || true)" >&2
    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13)," >&2
    echo "or name it: make PYTHON=/path/to/python3.13" >&2
    exit 1
fi

if ! can_make_venvs "$python"; then
    package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing $package, which $python needs to make virtual environments"
        DEBIAN_FRONTEND=noninteractive
        export DEBIAN_FRONTEND
        apt-get update -qq
        apt-get install -y -qq "$package" >/dev/null
    else
        echo "$python cannot make virtual environments: its module ensurepip is missing." >&2
        echo "On Debian and Ubuntu: sudo apt-get install $package, and then make again." >&2
        exit 1
    fi
fi

if [ "${PYTHON:-$python}" != "$python" ]; then
    echo "PYTHON=$PYTHON gave: $("$PYTHON" --version 2>&1 || true)" >&2
    echo "Expected: Python 3.11 or newer with venv and ensurepip. Taken instead: $python" >&2
fi
echo "Making $venv with $("$python" --version)"
"$python" -m venv --clear "$venv" || {
    rm -rf "$venv"
    echo "$python could not make $venv; its error message is above." >&2
    echo "Expected: a folder that you can write to, with 600 MB of room. Clone the repository into such a folder." >&2
    exit 1
}
