#!/bin/sh
# Is never started.
set -eu
:
