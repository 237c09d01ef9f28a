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

cd "$out"
printf '# %s\n' "$version" >release.sums
sha256sum ./*_* | sed "s|\./||" >>release.sums
