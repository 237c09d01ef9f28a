#!/bin/sh
# Installs with apt what is missing: install.sh PROGRAM[=PACKAGE]...
#
# A program counts as there wherever it comes from, so that a machine with another runc, say, keeps it.
set -eu
PATH=$PATH:/usr/sbin:/sbin

installed() { ! command -v dpkg-query >/dev/null || dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing=
for wanted; do
	program=${wanted%=*} package=${wanted#*=}
	case $package in
	# The package decides for busybox, for another one of that name needs libraries, which an image does not have; and
	# for libc6-dev, which is no program.
	busybox-static | libc6-dev) installed "$package" || missing="$missing $package" ;;
	*) command -v "$program" >/dev/null || missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "missing, and there is no apt-get to install it with:$missing" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "missing:$missing" >&2
	echo "run as root: apt-get install$missing" >&2
	exit 1
fi

# Packages of servers start them when they are installed. This file says no; it goes again afterwards.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

echo "installing with apt:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2086 # one word a package
apt-get -q -y install --no-install-recommends $missing
