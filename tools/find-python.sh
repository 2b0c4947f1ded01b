#!/bin/sh
# Prints the Python that the environment is to be made with, or says what to install.
#
# usage: find-python.sh [PYTHON]
#
# With PYTHON: that one, if it is 3.10 or newer.  Without: the first Python 3.10 that runs,
# has venv and pip, and is found on PATH or among pyenv's; or the word "uv" if there is none
# but uv, which brings its own.
set -eu

# Exits with 0 if "$1" runs, satisfies the condition "$2" on its version v, and can make environments.
suits() {
    "$1" -c "import ensurepip, sys, venv; v = sys.version_info[:2]; sys.exit(not ($2))" >/dev/null 2>&1
}

# Every candidate, one a line.  A pyenv shim is on PATH also where its version is not selected:
# it then does not run, and the search goes on.
candidates() {
    for name in python3.10 python3 python; do
        printf '%s\n' "$PATH" | tr ':' '\n' | while read -r folder; do
            if [ -x "$folder/$name" ]; then printf '%s\n' "$folder/$name"; fi
        done
    done
    if command -v pyenv >/dev/null 2>&1; then
        # An older pyenv does not take the "3.10" of .python-version for its 3.10.x.
        ls "$(pyenv root)"/versions/3.10.*/bin/python3.10 2>/dev/null || true
    fi
}

if [ -n "${1:-}" ]; then
    if suits "$1" "v >= (3, 10)"; then
        command -v "$1"
        exit 0
    fi
    echo "$1 does not run, is older than Python 3.10, or lacks its venv module." >&2
    echo "Name another one: make PYTHON=/path/to/python" >&2
    exit 2
fi

found=$(candidates | while read -r python; do
    if suits "$python" "v == (3, 10)"; then
        printf '%s\n' "$python"
        break
    fi
done)

if [ -n "$found" ]; then
    printf '%s\n' "$found"
elif command -v uv >/dev/null 2>&1; then
    echo uv
else
    echo "Python 3.10 with its venv module is needed, since Lava runs on no other, and none was found." >&2
    echo "Install python3.10 and python3.10-venv, or uv (it brings 3.10), or name one: make PYTHON=/path/to/python" >&2
    exit 2
fi
