#!/bin/sh
# Breaks the promise of the type of a JSON output.
set -eu
echo '{"cellCount": "3"}' >"$1/seed.outputs.json"
