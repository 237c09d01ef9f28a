#!/bin/sh
# Checks that the executor keeps the promises of the manifest beside the Dockerfile:
#   check-environment.sh SURVEY MASK TILES VERSION DIRECTORY
# where MASK and TILES are empty when the command did not have them. Prints every broken promise.
set -u

broken=0
wrong() { echo "check-environment: $*" >&2; broken=1; }
absolute() { case $2 in /*) ;; *) wrong "$1 is not absolute: $2" ;; esac; }
# A shell ends when a redirection of ":" fails, so this needs one of its own.
writable() { (: >>"$1") 2>/dev/null; }
like() { printf '%s' "$2" | grep -Eqx -- "$3" || wrong "$1 is \"$2\", not like $3"; }

check_arguments() {
	[ "$1" = "${SURVEY-}" ] || wrong "the command has survey $1, the environment ${SURVEY-nothing}"
	[ "$2" = "${MASK-}" ] || wrong "the command has mask $2, the environment ${MASK-nothing}"
	[ "$3" = "${TILES-}" ] || wrong "the command has tiles $3, the environment ${TILES-nothing}"
	[ "$4" = "${VERSION-}" ] || wrong "the command has version $4, the environment ${VERSION-nothing}"
	[ "$5" = "${OUTPUT_DIR-}" ] || wrong "the command has directory $5, the environment ${OUTPUT_DIR-nothing}"
}

check_files() {
	absolute SURVEY "$SURVEY"
	[ -f "$SURVEY" ] || wrong "SURVEY is no file: $SURVEY"
	[ -z "${MASK+set}" ] || [ -f "$MASK" ] || wrong "MASK is set but is no file: $MASK"
	if [ -n "${TILES+set}" ]; then
		absolute TILES "$TILES"
		[ -d "$TILES" ] || wrong "TILES is set but is no directory: $TILES"
		[ -z "$(find "$TILES" -mindepth 2)" ] || wrong "TILES is not flat"
	fi
	for input in "$SURVEY" ${MASK+"$MASK"} ${TILES+"$TILES"/*}; do
		[ -r "$input" ] || wrong "cannot read $input"
		if writable "$input"; then wrong "can write to $input"; fi
	done
}

# A string comes as its characters, everything else as compact JSON.
check_json() {
	[ -n "${REGION-}" ] || wrong "REGION is not set"
	case ${REGION-} in \"*) wrong "REGION has quotes: $REGION" ;; esac
	like MIN_POINTS "${MIN_POINTS-}" '[0-9]+'
	[ -z "${MIN_VALUE+set}" ] || like MIN_VALUE "$MIN_VALUE" '-?[0-9]+(\.[0-9]+)?'
	[ -z "${DRY_RUN+set}" ] || like DRY_RUN "$DRY_RUN" 'true|false'
	[ -z "${BOUNDS+set}" ] || like BOUNDS "$BOUNDS" '\[[^ ]*\]'
	[ -z "${OPTIONS+set}" ] || like OPTIONS "$OPTIONS" '\{.*\}'
}

check_settings() {
	[ -n "${DB_HOST-}" ] || wrong "DB_HOST is not set"
	[ -n "${DB_PASS-}" ] || wrong "DB_PASS is not set"
	if env | grep -Eq '^(db-pass|tiles|region|min-value)='; then wrong "a name was not normalised"; fi
}

check_resources() {
	like ALLOCATED_CPUS "${ALLOCATED_CPUS-}" '0\.5'
	like ALLOCATED_MEM "${ALLOCATED_MEM-}" '64\.0'
	like ALLOCATED_SHAREDMEM "${ALLOCATED_SHAREDMEM-}" '16\.0'
	bytes=$(cat "$SURVEY" ${MASK+"$MASK"} ${TILES+"$TILES"/*} | wc -c)
	awk -v disk="${ALLOCATED_DISK-}" -v bytes="$bytes" 'BEGIN {
		off = disk - (bytes / 1048576 * 4 + 10)
		exit disk !~ /^[0-9]+\.[0-9]+$/ || off > 0.000001 || off < -0.000001
	}' || wrong "ALLOCATED_DISK is ${ALLOCATED_DISK-nothing} for $bytes bytes of input"
	shared=$(df -k /dev/shm | awk 'NR > 1 { print $2 }')
	[ "${shared:-0}" -ge 16384 ] || wrong "/dev/shm has $shared kB, not 16384"
	writable /dev/shm/probe || wrong "cannot write to /dev/shm"
}

check_output() {
	absolute OUTPUT_DIR "$OUTPUT_DIR"
	[ -z "$(ls -A "$OUTPUT_DIR")" ] || wrong "OUTPUT_DIR is not empty"
	{ mkdir "$OUTPUT_DIR/a" && writable "$OUTPUT_DIR/a/b" && mv "$OUTPUT_DIR/a" "$OUTPUT_DIR/c" && rm -r "$OUTPUT_DIR/c"; } ||
		wrong "no full write access to OUTPUT_DIR"
}

check_mounts() {
	[ -r /reference/regions.csv ] || wrong "cannot read /reference/regions.csv"
	[ -d /opt/licenses ] || wrong "/opt/licenses is not mounted"
	for mount in /reference /opt/licenses; do
		if writable "$mount/probe"; then wrong "can write to $mount"; fi
	done
	writable /ledger/probe || wrong "cannot write to /ledger"
}

check_arguments "$@"
check_files
check_json
check_settings
check_resources
check_output
check_mounts
exit "$broken"
