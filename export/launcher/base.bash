# --- What every launcher has: messages, the container runtime, the image ---

# Options of another shell may come in SHELLOPTS, xtrace among them, which would print secrets. None goes on to other programs.
set +aeuvxC +o posix -f -o pipefail
export -n SHELLOPTS BASHOPTS
# A replacement is text: an & in it does not stand for the match. Only Bash 5.2 and newer know the option.
shopt -u patsub_replacement 2>/dev/null || :
unset CDPATH GLOBIGNORE "${!v_@}"

# Patterns compare characters as the smoke run does, where the system has such a locale, and ranges follow their numbers.
unset LC_ALL
LC_COLLATE=C
for seed_locale in C.UTF-8 C.utf8 en_US.UTF-8 C; do
  LC_CTYPE=$seed_locale
  seed_text=$'\303\244'
  [ "${#seed_text}" -ne 1 ] || break
done 2>/dev/null

seed_nothing=''   # breaks braces in two that another system would read
declare -A given=()
scratch='' container='' cidfile='' child='' nap='' killer='' ended='' running='' runtime='' image='' attended=0 sif='' mode='' keep='' session='' out=''

# clean_line prints a text without control characters, in one line.
clean_line() { printf '%s\n' "${1//[[:cntrl:]]/?}"; }

# fail MESSAGE [STATUS] ends the launcher.
fail() {
  say_failure "$1"
  exit "${2:-1}"
}

# attend PID waits for a process, through signals, and sets attended to its status.
attend() {
  while :; do
    wait "$1"
    attended=$?
    kill -0 "$1" 2>/dev/null || return 0
  done
}

# cancel STATUS SECONDS ends what runs: TERM, then KILL after so many seconds.
cancel() {
  local i
  [ -z "$ended" ] || return 0
  ended=$1
  case $child in
  '')
    say_status "ended from outside, with status $ended"
    exit "$ended"
    ;;
  starting) return 0 ;;
  esac
  if [ -z "$cidfile" ] || [ "$runtime" = apptainer ]; then
    kill -TERM "$child" 2>/dev/null
  else
    # A client that is killed while it makes the container leaves the container behind.
    for ((i = 0; i < 20; i++)); do
      if [ -s "$cidfile" ] || [ "$running" != yes ] || ! kill -0 "$child" 2>/dev/null; then break; fi
      sleep 0.1
    done
    if [ -s "$cidfile" ]; then
      "$runtime" stop -t "$2" "$container" >/dev/null 2>&1
    else
      kill -TERM "$child" 2>/dev/null
    fi
  fi
  # The client ends with its container. If it does not, it is killed.
  (
    trap 'kill "$last" 2>/dev/null; exit 0' TERM
    sleep "$2" &
    last=$!
    wait "$last" && kill -KILL "$child"
  ) </dev/null >/dev/null 2>&1 &
  killer=$!
}

# cleanup runs at the end, whatever the end is.
cleanup() {
  trap '' TERM INT HUP USR1
  [ -z "$nap" ] || kill "$nap" 2>/dev/null
  [ -z "$killer" ] || kill "$killer" 2>/dev/null
  if [ -n "$container" ] && [ "$runtime" != apptainer ] && { [ -n "$ended" ] || [ "$attended" -ge 125 ] || [ -n "$keep" ]; }; then
    remove_container
  fi
  [ -z "$mode" ] || chmod "$mode" "$out" 2>/dev/null
  if [ -n "$scratch" ]; then
    [ -z "$sif" ] || rm -f "$sif"
    rm -f "$scratch/log" "$scratch/seed.cid" "$scratch/seed.container" "$scratch/seed.runtime" "$scratch/seed.pid" "$scratch/seed.out"
    [ -n "$session" ] || rmdir "$scratch" 2>/dev/null
  fi
}

remove_container() {
  # Podman waits before it kills, unless it is told how long. Docker kills at once, and knows no such option.
  "$runtime" rm -f -t 0 "$container" >/dev/null 2>&1 || "$runtime" rm -f "$container" >/dev/null 2>&1 || :
}

# choose_runtime sets runtime to the one that is asked for, or to the first that works.
choose_runtime() {
  local wanted=${given[SeedRuntime]:-$seed_runtime} each first=''
  case $wanted in
  docker | podman | apptainer)
    command -v "$wanted" >/dev/null || fail "SeedRuntime is $wanted, and there is no such program on the PATH"
    runtime=$wanted
    ;;
  auto | '')
    case $image in *.sif) set -- apptainer ;; *) set -- podman docker apptainer ;; esac
    for each; do
      command -v "$each" >/dev/null || continue
      [ -n "$first" ] || first=$each
      if [ "$each" = apptainer ] || "$each" info >/dev/null 2>&1; then
        runtime=$each
        return
      fi
    done
    runtime=$first # it says itself what is wrong
    [ -n "$runtime" ] || fail "there is no container runtime on the PATH: install one of $*"
    ;;
  *) fail "SeedRuntime is $wanted, it must be auto, docker, podman or apptainer" 2 ;;
  esac
}

# choose_image checks SeedImage: a reference, or a file of apptainer.
choose_image() {
  image=${given[SeedImage]:-$seed_image}
  image=${image#docker://}
  case $image in
  *.sif)
    [ -f "$image" ] || fail "SeedImage is no file: $image"
    image=$(readlink -f -- "$image")
    ;;
  '' | -* | *[!A-Za-z0-9._:/@+-]*) fail "SeedImage is no reference of an image: $image" 2 ;;
  esac
}

# ready_image sees to it that the image is here before the time of the job begins.
ready_image() {
  case $runtime-$image in
  apptainer-*.sif) return ;;
  *.sif) fail "SeedImage is a file of apptainer, SeedRuntime is $runtime" 2 ;;
  apptainer-*)
    say_status "apptainer converts $image"
    sif=$scratch/$container.sif
    "$runtime" pull "$sif" "docker://$image" </dev/null >/dev/null 2>&1 &
    ;;
  *)
    "$runtime" image inspect "$image" >/dev/null 2>&1 && return
    say_status "$runtime pulls $image"
    "$runtime" pull -q "$image" </dev/null >"$scratch/log" 2>&1 &
    ;;
  esac
  child=$!
  attend "$child"
  child=''
  if [ -n "$ended" ]; then
    say_status "ended from outside, with status $ended"
    exit "$ended"
  fi
  if [ "$runtime" = apptainer ]; then
    [ -s "$sif" ] || sif='' # apptainer run converts it then, and says what is wrong
  elif [ "$attended" -ne 0 ]; then
    local said
    said=$(tail -n 1 "$scratch/log")
    fail "$runtime cannot pull $image: ${said:-it does not say why, perhaps since $scratch is full}" 125
  fi
}

# begin_session makes a directory for the launcher's own files, and a name for the container.
begin_session() {
  if [ -n "$session" ]; then
    scratch=$session
  else
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/seed.XXXXXXXX") || fail "no temporary directory can be made"
  fi
  container=seed-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
  cidfile=$scratch/seed.cid
  rm -f "$cidfile"
}
