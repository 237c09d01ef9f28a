#!/bin/sh
# Puts the validator for reports of code scanning into DIRECTORY: sarif.sh DIRECTORY
#
# It has GitHub's own rules. Its package for Linux is a whole program, so it needs no .NET.
set -eu

validator='@microsoft/sarif-multitool-linux@5.7.0'

stamp=$1/$(echo "$validator" | tr / -)
[ -f "$stamp" ] && exit 0
"$(dirname "$0")/install.sh" npm
npm --loglevel=error --no-audit --no-fund --prefix "$1" install "$validator"
: >"$stamp"
