#!/bin/sh
# Packs an example as a user who is not root, with a private BuildKit under rootlesskit. Wants root, to be that user; nothing of
# the machine is changed, since users and devices are others in a mount namespace of its own. Wants ./seedpack and the base.
set -eu

setup/install.sh rootlesskit newuidmap=uidmap slirp4netns runc
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp -r testdata/jobs/random-number "$dir/job"
cp -r "$SEEDPACK_TEST_BASE" "$dir/base"
cp seedpack "$dir"
cp "${XDG_CACHE_HOME:-$HOME/.cache}"/seedpack/bin/buildkitd-* "$dir/buildkitd"
mkdir "$dir/home" "$dir/dev"
for file in passwd subuid subgid; do
	grep -v '^seedpacker:' "/etc/$file" >"$dir/$file" || true
done
echo "seedpacker:x:54321:54321::$dir/home:/bin/sh" >>"$dir/passwd"
echo seedpacker:1000000:65536 | tee -a "$dir/subuid" >>"$dir/subgid"
mknod -m 666 "$dir/dev/tun" c 10 200
chmod -R a+rX "$dir"
chown -R 54321:54321 "$dir/home"

# shellcheck disable=SC2016 # expanded in there
unshare --mount sh -euc '
	for file in passwd subuid subgid; do
		mount --bind "$1/$file" "/etc/$file"
	done
	mount --bind "$1/dev/tun" /dev/net/tun
	setpriv --reuid 54321 --regid 54321 --clear-groups env -i HOME="$1/home" USER=seedpacker PATH=/usr/bin:/usr/sbin:/bin:/sbin \
		"$1/seedpack" pack "$1/job" --builder private --progress quiet --build-context "busybox:1.36=oci-layout://$1/base"
' sh "$dir"
