# The end of the step: what is left is ended, and OUTPUT_DIR closed. There is something only if the launcher was killed.
set -f
if [ -r "$1/seed.out" ]; then
  {
    read -r mode
    IFS= read -r -d '' out
  } <"$1/seed.out"
  chmod "$mode" "$out"
fi
[ -r "$1/seed.runtime" ] && read -r runtime <"$1/seed.runtime" || exit 0
[ -r "$1/seed.container" ] && read -r container <"$1/seed.container" || exit 0
case $runtime-$container in
docker-seed-* | podman-seed-*)
  "$runtime" rm -f -t 0 "$container" >/dev/null 2>&1 || "$runtime" rm -f "$container" >/dev/null 2>&1
  ;;
apptainer-seed-*)
  read -r pid <"$1/seed.pid" && kill -KILL "$pid"
  ;;
esac 2>/dev/null
rm -f "$1/seed.runtime" "$1/seed.container" "$1/seed.cid" "$1/seed.pid" "$1/seed.out" "$1"/log "$1/$container.sif"
