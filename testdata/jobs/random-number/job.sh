#!/bin/sh
# Prints a random number from 0 to 65535.
set -eu
od -An -N2 -tu2 /dev/urandom | tr -d ' '
