#!/bin/sh
# Makes the virtual environment VENV if there is none, and checks the one that is there.
#
# usage: make-venv.sh VENV [PYTHON]
set -eu

venv=$1
wanted=${2:-}
tools=$(dirname "$0")

# Major and minor version of the Python "$1", or nothing if it does not run.
version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

if [ -e "$venv" ]; then
    # Without a wish there is one right version, and no need to search for it.
    expected=3.10
    if [ -n "$wanted" ]; then
        wanted=$(sh "$tools/find-python.sh" "$wanted")
        expected=$(version "$wanted")
    fi
    found=$(version "$venv/bin/python")
    if [ "$found" = "$expected" ]; then exit 0; fi
    if [ -n "$found" ]; then
        echo "The environment $venv holds Python $found, but Python $expected is wanted." >&2
    else
        echo "The environment $venv is broken: $venv/bin/python does not run." >&2
    fi
    echo "Remove it (rm -rf $venv) and call make again, or choose another folder: make VENV=folder" >&2
    exit 2
fi

python=$(sh "$tools/find-python.sh" "$wanted")
echo "Making the environment $venv with $python"
if [ "$python" = uv ]; then
    # --seed puts pip into it, which the Makefile installs with.
    uv venv --quiet --seed --python 3.10 "$venv"
else
    "$python" -m venv "$venv"
fi
