#!/bin/sh
# Packs an example job, publishes it to the test registry and shows what another tool finds there. The last line is the
# last line of seedpack itself.
set -eu

job=testdata/jobs/image-watermark
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT

./seedpack pack "$job" --push --registry "$SEEDPACK_TEST_REGISTRY/demo" \
	--build-context "busybox:1.36=oci-layout://$SEEDPACK_TEST_BASE" >"$printed" || { status=$?; cat "$printed"; exit "$status"; }
sed '$d' "$printed"
last=$(tail -n 1 "$printed")
reference=${last#published }
name=${reference%@*}

echo
echo "The label of $name, as skopeo reads it from the registry:"
skopeo inspect --config --tls-verify=false "docker://$name" | .cache/bin/label "$job/seed.manifest.json"
echo "It says what $job/seed.manifest.json says."
echo
echo "$last"
