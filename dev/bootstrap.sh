#!/usr/bin/env bash
# Make .venv: Python 3.12, everything the lock names with its hashes, and this project, editable.
# Safe to run again: what is there already is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

UV_VERSION=0.13.9

is_wanted() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' >/dev/null 2>&1
}

find_python() {
    local candidate
    # A pyenv shim picks the version that .python-version names; its folder helps where shims aren't on PATH.
    for candidate in "${PYTHON:-python3.12}" python3.12 python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python; do
        if is_wanted "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.12 is needed, which Saleor runs on, and none was found. Install it, or name one: make setup PYTHON=/path/to/python3.12" >&2
    return 1
}

if ! is_wanted .venv/bin/python; then
    python=$(find_python)
    "$python" -m venv --clear .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
.venv/bin/uv pip install --quiet --require-hashes --requirements requirements.lock
.venv/bin/uv pip install --quiet --no-build-isolation --no-deps --editable .
