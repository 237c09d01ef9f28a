#!/bin/sh
# Runs the scripts for all engines, and the archives of rules, on a current Docker Engine. It is that of Debian 13, in a
# directory of its own, first with the containerd image store and then with the classic one. Before that, it tests a private
# BuildKit that does not run as root. Needs root, the tools that the Makefile makes, and a registry.
set -eu

echo '== private BuildKit under rootlesskit'
setup/rootless.sh

root=$PWD/.cache/trixie
if [ ! -x "$root/usr/sbin/dockerd" ]; then
	setup/install.sh debootstrap
	rm -rf "$root"
	debootstrap --variant=minbase --include=docker.io,iproute2,iptables,ca-certificates trixie "$root.new" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
	mv "$root.new" "$root"
fi

for store in containerd classic; do
	echo "== Docker Engine $("$root/usr/sbin/dockerd" --version | cut -d' ' -f3 | tr -d ,), $store store"
	SEEDPACK_TEST_DOCKERD="$PWD/setup/enter.sh $root dockerd" SEEDPACK_TEST_DOCKER_STORE=$store .cache/bin/docker \
		go test -count=1 -p 1 -parallel 1 -run '^TestScriptsDocker$|^TestConnectDocker$|^TestArchivesDocker$' ./e2e ./pack/engine ./verify
done
