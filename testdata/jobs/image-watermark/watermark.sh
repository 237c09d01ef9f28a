#!/bin/sh
# Writes IMAGE with a watermark to DIRECTORY/<its name>_watermark.png: watermark.sh IMAGE DIRECTORY
#
# A PNG is a signature and chunks; the pixels are a zlib stream cut into IDAT chunks. The scripts beside this one
# read and write bytes as text, since awk knows no others: od makes numbers of them, and xxd bytes of hex digits.
set -eu

corrupt() { echo "image-Corrupt-1: $1" >&2; exit 1; }
failure() { echo "algorithm-failure: $1" >&2; exit 2; }

[ $# -eq 2 ] || failure "wants IMAGE DIRECTORY, has $# arguments"
image=$1
directory=$2
app=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

numbers() { od -An -v -tu1 "$@"; }

# read.awk writes its verdict on the file to the first line and the IDAT data to the second.
[ -r "$image" ] || failure "cannot read $image"
numbers "$image" | awk -f "$app/read.awk" >"$work/read"
read -r verdict found <"$work/read"
case $verdict in
ok) read -r width height channels first after adler <<EOF
$found
EOF
	;;
corrupt) corrupt "$image: $found" ;;
*) failure "$image: $found" ;;
esac

# gzip inflates what stands between a zlib header and the Adler-32 sum when it is given its own header instead. It
# then misses its own trailer, which is why its complaint is dropped: mark.awk checks length and sum.
gzip_header() { printf '\037\213\010\000\000\000\000\000\000\003'; }
sed -n 2p "$work/read" | xxd -r -p >"$work/zlib"
{ gzip_header; tail -c +3 "$work/zlib"; } | gzip -dc 2>/dev/null >"$work/pixels" || true
numbers "$work/pixels" | awk -v width="$width" -v height="$height" -v channels="$channels" -v adler="$adler" \
	-f "$app/mark.awk" >"$work/marked" || corrupt "$image: the pixels do not agree with their checksum"

# The other way round: gzip's header of 10 bytes and trailer of 8 make way for those of zlib.
sed 1d "$work/marked" | xxd -r -p | gzip -c >"$work/gzip"
size=$(wc -c <"$work/gzip")
{
	printf '\170\234'
	tail -c +11 "$work/gzip" | head -c $((size - 18))
	sed -n 1p "$work/marked" | xxd -r -p
} >"$work/zlib"

name=$(basename "$image")
target=$directory/${name%.*}_watermark.png
{
	head -c "$first" "$image"
	numbers "$work/zlib" | awk -f "$app/chunk.awk" | xxd -r -p
	tail -c +$((after + 1)) "$image"
} >"$target" || failure "cannot write $target"
chmod 644 "$target"
echo "marked ${width}x$height pixels of $name"
