#!/bin/sh
# Sorts survey points into cells: cell-count.sh count SURVEY [-d MASK] [-t TILES] -v VERSION DIRECTORY
#
# Exit statuses are those of the manifest's errors.
set -eu

fail() { status=$1; shift; echo "cell-count: $*" >&2; exit "$status"; }

if [ $# -lt 2 ] || [ "$1" != count ]; then fail 4 "usage: count SURVEY [-d MASK] [-t TILES] -v VERSION DIRECTORY"; fi
survey=$2
shift 2
mask='' tiles='' version=''
while getopts d:t:v: option; do
	case $option in
	d) mask=$OPTARG ;;
	t) tiles=$OPTARG ;;
	v) version=$OPTARG ;;
	*) fail 4 "see the command of the manifest" ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || fail 4 "wants one directory, has $# arguments: $*"
directory=$1

app=$(dirname "$0")
"$app/check-environment.sh" "$survey" "$mask" "$tiles" "$version" "$directory" || exit 3

# REGION,WEST,SOUTH,EAST,NORTH a line
bounds=$(grep -F "$REGION," /reference/regions.csv | head -n 1) || true
[ "${bounds%%,*}" = "$REGION" ] || fail 2 "no region $REGION in the reference data"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat "$survey" >"$work/points"
[ -z "$tiles" ] || cat "$tiles"/* >>"$work/points"
[ -z "$mask" ] || cp "$mask" "$work/mask"
[ -e "$work/mask" ] || : >"$work/mask"

mkdir "$directory/cells"
awk -F, -v region="$bounds" -v mask="$work/mask" -v directory="$directory" -v least="$MIN_POINTS" \
	-v floor="${MIN_VALUE-}" -v version="$version" -f "$app/cells.awk" "$work/points" || fail 1 "the survey has a line that is none"
chmod a+rx "$directory/cells"
find "$directory" -type f -exec chmod a+r {} +
echo "$REGION $(date -u +%Y-%m-%dT%H:%M:%SZ) $DB_HOST" >>/ledger/runs.txt
echo "counted $(($(wc -l <"$directory/summary.csv") - 1)) cells in $REGION"
