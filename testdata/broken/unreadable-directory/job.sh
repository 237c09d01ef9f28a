#!/bin/sh
# Breaks the promise of files that an executor can read.
set -eu
mkdir -m 700 "$1/tables"
echo 1 >"$1/tables/table.csv"
