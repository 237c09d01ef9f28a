#!/bin/sh
# Publishes the image of a release: image.sh VERSION DIRECTORY REPOSITORY
#
# DIRECTORY has the files of the release. It needs docker buildx, which is logged in to the registry. A pre-release, such as
# v1.2.0-rc.1, gets only the tag of its version. Any other also moves the tags 1, 1.2 and latest.
set -eu

version=${1#v} directory=$2 repository=$3
buildkit=$(sed -n 's|.*github.com/moby/buildkit \(v[^ ]*\).*|\1|p' pack/engine/buildkitd/go.mod.txt)

tags="$version"
case $version in
*-*) ;; # a pre-release moves nothing
*) tags="$tags ${version%%.*} ${version%.*} latest" ;;
esac
set --
for tag in $tags; do
	set -- "$@" --tag "$repository:$tag"
done
docker buildx create --name seedpack-release --driver docker-container >/dev/null
trap 'docker buildx rm seedpack-release' EXIT
docker buildx build --builder seedpack-release --platform linux/amd64,linux/arm64 --push --provenance mode=max --sbom true \
	--file setup/package/Dockerfile --build-arg "BUILDKIT=$buildkit" \
	--label "org.opencontainers.image.version=$version" --label org.opencontainers.image.source=https://github.com/seedpack/seedpack \
	--label org.opencontainers.image.licenses=Apache-2.0 "$@" "$directory"
