#!/bin/sh
# Builds the files of a release: release.sh VERSION DIRECTORY [PLATFORM...]
#
# Without platforms it builds for all platforms of releases.
#
# The same source gives the same bytes on every machine. So the sums in DIRECTORY/release.sums can be committed before the
# tag is made. The action then compares each download with the sums in its own tree.
set -eu

version=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64

# These variables change the bytes, and so does the version of Go.
export LC_ALL=C CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT=
GOTOOLCHAIN=go$(sed -n 's/^go //p' go.mod)
export GOTOOLCHAIN

build() { # DIRECTORY PACKAGE NAME LDFLAGS
	suffix=
	[ "$GOOS" != windows ] || suffix=.exe
	go -C "$1" build -trimpath -buildvcs=false -ldflags "$4" -o "$out/$3_${GOOS}_$GOARCH$suffix" "$2"
}

# A buildkitd for runners without one and without Docker. Seedpack finds it beside its own program.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for file in pack/engine/buildkitd/*.txt; do
	cp "$file" "$scratch/$(basename "$file" .txt)"
done

buildkit=$(sed -n 's|.*github.com/moby/buildkit \(v[^ ]*\).*|\1|p' "$scratch/go.mod")

for platform; do
	export GOOS="${platform%/*}" GOARCH="${platform#*/}"
	build . . seedpack "-s -X main.version=$version"
	[ "$GOOS" != linux ] || build "$scratch" github.com/moby/buildkit/cmd/buildkitd buildkitd "-s -X github.com/moby/buildkit/version.Version=$buildkit"
done

# Pages of the manual and completions are the same on all platforms. So is everything in deb and rpm but the programs.
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0
export SOURCE_DATE_EPOCH=315532800 # 1980, so that a package has the same bytes at any time
stage=$scratch/stage
unset GOOS GOARCH
go run ./setup/manual "$stage" "$version"
gzip -9 -n "$stage"/man/man1/*
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -C "$stage" -cf - man completions | gzip -9 -n >"$out/seedpack_manual.tar.gz"
for platform; do
	export STAGE="$stage" VERSION="$version" ARCH="${platform#*/}" # for nfpm.yaml
	[ "${platform%/*}" = linux ] || continue
	cp "$out/seedpack_linux_$ARCH" "$stage/seedpack"
	cp "$out/buildkitd_linux_$ARCH" "$stage/buildkitd"
	for format in deb rpm; do
		go run "$nfpm" package --config setup/package/nfpm.yaml --packager "$format" \
			--target "$out/seedpack_linux_$ARCH.$format" >/dev/null
	done
done

cd "$out"
printf '# %s\n' "$version" >release.sums
sha256sum ./*_* | sed "s|\./||" >>release.sums
