#!/bin/sh
# Takes a job of more than 300 MB, Python with GDAL, from nothing to a published image, with the commands of the README. Needs
# root, and the registry that the Makefile starts. The files of Debian come from its packages, once, into .cache/gdal.
set -eu

top=$(pwd)
cache=$top/.cache/gdal
root=$cache/root.tar
if [ ! -f "$root" ]; then
	setup/install.sh debootstrap
	mkdir -p "$cache"
	rm -rf "$cache/root"
	debootstrap --variant=minbase --include=python3-gdal bookworm "$cache/root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" \
		>"$cache/debootstrap.log" 2>&1 || {
		tail -n 20 "$cache/debootstrap.log"
		exit 1
	}
	rm -rf "$cache"/root/var/cache/apt/archives/*.deb "$cache"/root/dev/*
	tar -C "$cache/root" --numeric-owner -cf "$root.new" .
	mv "$root.new" "$root"
	rm -rf "$cache/root"
fi
[ "$(stat -c %s "$root")" -gt 300000000 ] || { echo "$root has less than 300 MB"; exit 1; }

work=$(mktemp -d "$cache/job-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
ln "$root" root.tar

cat >Dockerfile <<'END'
FROM scratch
ADD root.tar /
COPY --chmod=755 stats.py /app/
USER nobody
ENTRYPOINT ["/usr/bin/python3", "/app/stats.py"]
END

cat >stats.py <<'END'
import csv, json, os, sys
from osgeo import gdal

gdal.UseExceptions()
scene, out = sys.argv[1:3]
image = gdal.Open(scene)
low, high, mean, deviation = image.GetRasterBand(1).ComputeStatistics(False)
west, pixel = image.GetGeoTransform()[:2]
with open(os.path.join(out, "stats.csv"), "w", newline="") as table:
    csv.writer(table).writerows([["low", "high", "mean", "west", "pixel"], [low, high, mean, west, pixel]])
with open(os.path.join(out, "seed.outputs.json"), "w") as values:
    json.dump({"MEAN": mean}, values)
END

# What init writes needs no change: the job averages the sample.
"$top/seedpack" init . --name gdal-stats --input SCENE=image/tiff --output STATS=stats.csv --json-output MEAN=number --smoke --yes \
	--maintainer-name 'Ada Doe' --maintainer-email ada@example.com
"$top/seedpack" pack . --registry "$SEEDPACK_TEST_REGISTRY/long" --push --fail-on warning --builder private
name=$SEEDPACK_TEST_REGISTRY/long/gdal-stats-0.1.0-seed:0.1.0
"$top/seedpack" verify "$name"
"$top/seedpack" run "$name" -i SCENE=inputs/scene.tif -o out --builder private
grep -q '^0.0,252.0,126.0,-1.0,0.01' out/STATS/stats.csv out/stats.csv 2>/dev/null || { find out -type f -exec tail {} +; exit 1; }
echo "gdal: $name is published, and averages a scene"
