#!/bin/sh
# Breaks the promise of one file.
set -eu
echo 1 >"$1/table_1.csv"
echo 2 >"$1/table_2.csv"
