#!/bin/sh
# Makes .venv with the packages of requirements.txt: sh book/running/install.sh PYTHON, with the pins in the file $CONSTRAINTS.
# uv does it four times as fast as pip. It comes from pip; where it cannot be had, or fails, pip does the work.
# Compiled at once, as pip does too: where Python may not write its bytecode, each of some two hundred kernels that a
# build and its tests start would compile torch anew, which takes ten seconds.
set -eu
bin=.venv/bin
"$1" -m venv .venv
install() { "$bin/python" -m pip install --disable-pip-version-check --progress-bar off "$@"; }

# What pip has been told, by its variables or its file, uv is told too.
told() { "$bin/python" -m pip config get "$1" 2>/dev/null | tr '\n' ' ' || true; }
index=${PIP_INDEX_URL:-$(told global.index-url)}
more=${PIP_EXTRA_INDEX_URL:-$(told global.extra-index-url)}
if [ -n "$index" ]; then export UV_DEFAULT_INDEX="${index% }"; fi
if [ -n "$more" ]; then export UV_EXTRA_INDEX_URL="$more" UV_INDEX_STRATEGY=unsafe-best-match; fi
if [ -n "${PIP_FIND_LINKS:-}" ]; then export UV_FIND_LINKS="$PIP_FIND_LINKS"; fi
if [ -n "${PIP_CERT:-}" ]; then export SSL_CERT_FILE="$PIP_CERT"; fi

if install --quiet -c "$CONSTRAINTS" uv &&
    "$bin/uv" pip install --python "$bin/python" --no-progress --compile-bytecode -r requirements.txt -c "$CONSTRAINTS" -b "$CONSTRAINTS"
then exit 0; fi
echo "uv could not be used; pip installs the packages instead, which takes a few minutes"
PIP_CONSTRAINT=$CONSTRAINTS PIP_BUILD_CONSTRAINT=$CONSTRAINTS install -r requirements.txt -c "$CONSTRAINTS"
