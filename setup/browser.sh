#!/bin/sh
# Puts what drives a browser in tests into DIRECTORY: browser.sh DIRECTORY
#
# The browser itself is Debian's chromium. playwright-core drives it, and axe-core checks pages for readers who cannot see
# them. Neither has dependencies.
set -eu

playwright='playwright-core@1.65.1'
axe='axe-core@4.14.1'

stamp=$1/$playwright-$axe
[ -f "$stamp" ] && exit 0
"$(dirname "$0")/install.sh" npm
npm --loglevel=error --no-audit --no-fund --prefix "$1" install "$playwright" "$axe"
: >"$stamp"
