#!/bin/sh
# Packs an example as a user who is not root, with a private BuildKit under rootlesskit, after a run that was killed. Needs
# root to become that user. A mount namespace has its own users and devices, so that the machine's stay as they are.
# Needs ./seedpack and the base.
set -eu

setup/install.sh rootlesskit newuidmap=uidmap slirp4netns runc
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp -r testdata/jobs/random-number "$dir/job"
cp -r "$SEEDPACK_TEST_BASE" "$dir/base"
cp seedpack "$dir"
./seedpack doctor --builder private >/dev/null # builds buildkitd if there is none
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
# Kills a job together with its builder. Then packs another job with the next builder.
set -eu
pack() { "$1/seedpack" pack "$1/$2" --builder private --progress quiet --build-context "busybox:1.36=oci-layout://$1/base"; }
sleeps() { ps -eo args | grep -q '^[s]leep 54321'; }

"$1/seedpack" pack "$1/long" --builder private --progress quiet --build-context "busybox:1.36=oci-layout://$1/base" >/dev/null 2>&1 &
for _ in $(seq 100); do
	! sleeps || break
	sleep 0.1
done
sleeps || { echo 'the long job does not start'; exit 1; }
# Of the daemon, kill only the launcher. Its child processes stay, for the next start to end.
kill -9 $! $(ps -u 54321 -o pid=,args= | sed -n 's/^ *\([0-9]*\) [^ ]*rootlesskit .*/\1/p')
wait $! || true
pack "$1" random
! sleeps || { echo 'the killed job still runs'; exit 1; }
END
chmod 755 "$dir/packs"
mv "$dir/job" "$dir/random"

# shellcheck disable=SC2016 # the inner shell expands it
unshare --mount sh -euc '
	for file in passwd subuid subgid; do
		mount --bind "$1/$file" "/etc/$file"
	done
	mount --bind "$1/dev/tun" /dev/net/tun
	setpriv --reuid 54321 --regid 54321 --clear-groups env -i HOME="$1/home" USER=seedpacker PATH=/usr/bin:/usr/sbin:/bin:/sbin \
		"$1/packs" "$1"
' sh "$dir"
