#!/bin/sh
# Runs a command with the directory ROOT as its root, in a mount namespace of its own: enter.sh ROOT COMMAND [ARGUMENT...]
#
# chroot does not work here. Container runtimes change the root themselves, and for that the root must be a mount.
set -eu
if [ "${SEEDPACK_ENTERED-}" != "$1" ]; then
	export SEEDPACK_ENTERED="$1"
	exec unshare --mount --propagation private "$0" "$@"
fi
root=$1
shift
mount --bind "$root" "$root"
for dir in /proc /sys /dev /tmp; do
	mount --rbind "$dir" "$root$dir"
done
mkdir -p "$root/.old"
cd "$root"
pivot_root . .old
cd /
umount --lazy /.old
exec "$@"
