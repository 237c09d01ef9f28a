#!/bin/sh
# Packs an example as a user who is not root, with a private BuildKit under rootlesskit, after another run that was killed. Wants
# root, to be that user; nothing of the machine is changed, since users and devices are others in a mount namespace of its own.
# Wants ./seedpack and the base.
set -eu

setup/install.sh rootlesskit newuidmap=uidmap slirp4netns runc
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp -r testdata/jobs/random-number "$dir/job"
cp -r "$SEEDPACK_TEST_BASE" "$dir/base"
cp seedpack "$dir"
./seedpack doctor --builder private >/dev/null # builds buildkitd where there is none
for program in "${XDG_CACHE_HOME:-$HOME/.cache}"/seedpack/bin/buildkitd-*; do
	cp "$program" "$dir/buildkitd"
done
mkdir "$dir/home" "$dir/dev"
for file in passwd subuid subgid; do
	grep -v '^seedpacker:' "/etc/$file" >"$dir/$file" || true
done
echo "seedpacker:x:54321:54321::$dir/home:/bin/sh" >>"$dir/passwd"
echo seedpacker:1000000:65536 | tee -a "$dir/subuid" >>"$dir/subgid"
mknod -m 666 "$dir/dev/tun" c 10 200
chmod -R a+rX "$dir"
chown -R 54321:54321 "$dir/home"

cp -r testdata/jobs/random-number "$dir/long"
printf '#!/bin/sh\nsleep 54321\n' >"$dir/long/job.sh"
cat >"$dir/packs" <<'END'
#!/bin/sh
# A job that is killed together with its builder, and after it one that the same builder's successor packs.
set -eu
pack() { "$1/seedpack" pack "$1/$2" --builder private --progress quiet --build-context "busybox:1.36=oci-layout://$1/base"; }
sleeps() { ps -eo args | grep -q '^[s]leep 54321'; }

"$1/seedpack" pack "$1/long" --builder private --progress quiet --build-context "busybox:1.36=oci-layout://$1/base" >/dev/null 2>&1 &
for _ in $(seq 100); do
	! sleeps || break
	sleep 0.1
done
sleeps || { echo 'the long job does not start'; exit 1; }
# Of the daemon no more than its launcher: what is below it is what nobody has ended.
kill -9 $! $(ps -u 54321 -o pid=,args= | sed -n 's/^ *\([0-9]*\) [^ ]*rootlesskit .*/\1/p')
wait $! || true
pack "$1" random
! sleeps || { echo 'the killed job still runs'; exit 1; }
END
chmod 755 "$dir/packs"
mv "$dir/job" "$dir/random"

# shellcheck disable=SC2016 # expanded in there
unshare --mount sh -euc '
	for file in passwd subuid subgid; do
		mount --bind "$1/$file" "/etc/$file"
	done
	mount --bind "$1/dev/tun" /dev/net/tun
	setpriv --reuid 54321 --regid 54321 --clear-groups env -i HOME="$1/home" USER=seedpacker PATH=/usr/bin:/usr/sbin:/bin:/sbin \
		"$1/packs" "$1"
' sh "$dir"
