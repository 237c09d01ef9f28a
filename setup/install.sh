#!/bin/sh
# Installs missing programs with apt: install.sh PROGRAM[=PACKAGE]...
#
# A program from any source counts as installed. So a machine with another runc, for example, keeps it.
set -eu
PATH=$PATH:/usr/sbin:/sbin

installed() { ! command -v dpkg-query >/dev/null || dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing=
for wanted; do
	program=${wanted%=*} package=${wanted#*=}
	case $package in
	# Check the package for busybox, because another busybox may need libraries that an image does not have. Check it for
	# libc6-dev, python3-jinja2 and bash-completion too, which are no programs.
	busybox-static | libc6-dev | python3-jinja2 | bash-completion) installed "$package" || missing="$missing $package" ;;
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

# Packages of servers start them at installation. This file forbids that, and is removed afterwards.
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
