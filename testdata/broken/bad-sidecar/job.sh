#!/bin/sh
# Breaks the promise of the form of a side-car.
set -eu
echo 1 >"$1/table.csv"
echo '{"type": "Feature", "geometry": {"type": "Circle"}}' >"$1/table.csv.metadata.json"
