#!/bin/sh
# Breaks the promise that errors say what an exit status means.
set -eu
exit 9
