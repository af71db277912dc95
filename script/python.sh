# Sets PYTHON to a Python new enough, or says in one line what is missing. Sourced by its siblings.
PYTHON=
for candidate in "${CRAIYON_PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        PYTHON=$candidate
        break
    fi
done
if [ -z "$PYTHON" ]; then
    echo "Python 3.11 or newer is missing: install it, or name it in CRAIYON_PYTHON." >&2
    exit 1
fi
