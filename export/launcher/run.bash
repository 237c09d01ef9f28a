# --- Parameters: NAME=VALUE ---

# usage MESSAGE ends the launcher with status 2 and the list of parameters.
usage() {
  local name list=''
  for name in "${names[@]}"; do
    case " ${required[*]} " in *" $name "*) list+=" $name" ;; *) list+=" [$name]" ;; esac
  done
  fail "$1. The parameters are NAME=VALUE, those in brackets are optional:$list" 2
}

is_name() {
  local name
  for name in "${names[@]}"; do
    [ "$name" != "$1" ] || return 0
  done
  return 1
}

# take NAME=VALUE keeps a value.
take() {
  local name=${1%%=*}
  [ "$name" != "$1" ] || usage "\"$1\" is not NAME=VALUE"
  is_name "$name" || usage "there is no parameter $name"
  given[$name]=${1#*=}
}

# read_arguments takes all values, and of --tasks FILE those of one line.
read_arguments() {
  local tasks=''
  while [ $# -gt 0 ]; do
    case $1 in
    --session) session=$2 && shift ;;
    --tasks)
      [ -n "${2-}" ] || usage "--tasks is without a FILE"
      tasks=$2 && shift
      ;;
    --tasks=?*) tasks=${1#*=} ;;
    --help) usage "this runs one job" ;;
    *) take "$1" ;;
    esac
    shift
  done
  [ -z "$tasks" ] || read_task "$tasks" "${SLURM_ARRAY_TASK_ID-}"
  local name missing=''
  for name in "${required[@]}"; do
    [ -n "${given[$name]+set}" ] || missing+=" $name"
  done
  [ -z "$missing" ] || usage "values are missing:$missing"
}

# read_task FILE N takes the pairs in line N of a file. Blanks separate them, and quotes of either kind keep blanks in a value.
read_task() {
  local base=${given[OUTPUT_DIR]-} line rest pair="" n=0
  case $2 in '' | *[!0-9]*) fail "--tasks is for an array of jobs: sbatch --array=1-N" 2 ;; esac
  [ -r "$1" ] || fail "--tasks: $1 cannot be read" 2
  while IFS= read -r line || [ -n "$line" ]; do
    n=$((n + 1))
    [ "$n" -ne "$2" ] || break
    line=''
  done <"$1"
  [ "$n" -eq "$2" ] || fail "--tasks: $1 has $n lines, and this is task $2" 2
  line=${line%$'\r'}
  line=${line#$'\357\273\277'} # a mark that some editors write at the beginning of a file
  local part="^([^[:blank:]'\"]+|'[^']*'|\"[^\"]*\")(.*)$" blank='^[[:blank:]]+(.*)$' task_dir=''
  rest=$line
  while [ -n "$rest" ]; do
    if [[ $rest =~ $blank ]]; then
      rest=${BASH_REMATCH[1]}
      take_pair "$pair"
      pair=''
    elif [[ $rest =~ $part ]]; then
      rest=${BASH_REMATCH[2]} part_text=${BASH_REMATCH[1]}
      case $part_text in \'* | \"*) part_text=${part_text:1:${#part_text}-2} ;; esac
      pair+=$part_text
    else
      fail "--tasks: line $2 of $1 has a quote that is not closed" 2
    fi
  done
  take_pair "$pair"
  if [ -z "$task_dir" ] && [ -n "$base" ]; then
    given[OUTPUT_DIR]=$base/$2
  fi
}

take_pair() {
  [ -n "$1" ] || return 0
  take "$1"
  case $1 in OUTPUT_DIR=*) task_dir=given ;; esac
}

# --- What the job is given ---

variables=() binds=() secrets=() bytes=0

# put VARIABLE VALUE gives the job a variable, and the command, too.
put() {
  printf -v "v_$1" %s "$2"
  variables+=("$1=$2")
}

# add_size PATH counts the bytes of a file, or of the files in a directory.
add_size() {
  local n
  n=$(find -L "$1" -maxdepth 1 -type f -printf '%s\n' | LC_ALL=C awk '{ n += $1 } END { printf "%.0f", n }')
  bytes=$((bytes + n))
}

# absent NAME NEED reports whether an input is not given. A path or a number that is required is not empty.
absent() {
  [ -z "${given[$1]-}" ] || return 1
  [ "$2" = optional ] || usage "values are missing: $1"
}

# real PATH sets path to its absolute form without links.
real() {
  path=$(readlink -f -- "$1" && printf x)
  path=${path%$'\n'x}
}

# input_file NAME VARIABLE NEED
input_file() {
  local path
  absent "$1" "$3" && return
  [ -f "${given[$1]}" ] || fail "input $1 is no file: ${given[$1]}"
  [ -r "${given[$1]}" ] || fail "input $1 cannot be read: ${given[$1]}"
  real "${given[$1]}"
  add_size "$path"
  local place="/seed/inputs/$2/${given[$1]##*/}"
  binds+=("$path" "$place" ro)
  put "$2" "$place"
}

# input_directory NAME VARIABLE NEED
input_directory() {
  local path
  absent "$1" "$3" && return
  [ -d "${given[$1]}" ] || fail "input $1 is no directory: ${given[$1]}"
  real "${given[$1]}"
  [ -n "$(find -L "$path" -mindepth 1 -maxdepth 1 -type f -print -quit)" ] || fail "input $1 has no file in it: ${given[$1]}"
  add_size "$path"
  binds+=("$path" "/seed/inputs/$2" ro)
  put "$2" "/seed/inputs/$2"
}

# input_json NAME VARIABLE NEED TYPE passes a value on as it is given. A string may be empty if it is required.
input_json() {
  local value=${given[$1]-} form
  if [ "$4-$3" != string-required ]; then
    absent "$1" "$3" && return
  fi
  case $4 in
  integer) form='^-?(0|[1-9][0-9]*)$' ;;
  number) form='^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$' ;;
  boolean) form='^(true|false)$' ;;
  array) form='^[[:space:]]*\[.*\][[:space:]]*$' ;;
  object) form='^[[:space:]]*[{].*[}][[:space:]]*$' ;;
  *) form='' ;;
  esac
  [[ $value =~ $form ]] || fail "input $1 is no JSON value of the type $4: $value" 2
  put "$2" "$value"
}

# setting NAME VARIABLE
setting() { put "$2" "${given[$1]-}"; }

# secret VARIABLE takes the value from the environment, and never prints it.
secret() {
  local value
  value=$(printenv "$1" && printf x) || fail "the setting $1 is a secret: put it into the environment as $1"
  value=${value%$'\n'x}
  printf -v "v_$1" %s "$value"
  secrets+=("$1")
}

# mount_directory NAME PATH MODE
mount_directory() {
  local path
  [ -n "${given[$1]-}" ] || usage "values are missing: $1"
  [ -d "${given[$1]}" ] || fail "mount $1 is no directory: ${given[$1]}"
  real "${given[$1]}"
  binds+=("$path" "$2" "$3")
}

# amount VALUE MULTIPLIER prints VALUE + MULTIPLIER for each MiB of input, as the shortest decimal that is exact.
amount() {
  LC_ALL=C awk -v value="$1" -v multiplier="$2" -v bytes="$bytes" 'BEGIN {
    v = multiplier * bytes / 1048576 + value
    for (digits = 1; digits < 17; digits++)
      if (sprintf("%." digits "g", v) + 0 == v) break
    s = sprintf("%." (digits - 1) "e", v)
    decimals = digits - 1 - substr(s, index(s, "e") + 1)
    s = sprintf("%." (decimals > 0 ? decimals : 0) "f", v)
    if (index(s, ".") == 0) s = s ".0"
    print s
  }'
}

# allocated VARIABLE VALUE MULTIPLIER
allocated() { put "$1" "$(amount "$2" "$3")"; }

# mebibytes VALUE MULTIPLIER prints a whole number, rounded up.
mebibytes() { amount "$1" "$2" | LC_ALL=C awk '{ n = int($1); if (n < $1) n++; printf "%.0f", n }'; }

# output_directory makes OUTPUT_DIR. It is opened to all users, since a container may run as any, and closed at the end.
output_directory() {
  out=${given[OUTPUT_DIR]-}
  [ -n "$out" ] || usage "values are missing: OUTPUT_DIR"
  mkdir -p -- "$out" 2>/dev/null || fail "OUTPUT_DIR cannot be made: $out"
  local path
  real "$out"
  out=$path
  [ -z "$(ls -A -- "$out")" ] || fail "OUTPUT_DIR is not empty: $out"
  [ -w "$out" ] || fail "OUTPUT_DIR cannot be written to: $out"
  if [ "$runtime" != apptainer ]; then
    mode=$(stat -c %a -- "$out")
    [ -z "$session" ] || printf '%s\n%s' "$mode" "$out" >"$scratch/seed.out"
    chmod 0777 "$out" 2>/dev/null || {
      mode=''
      fail "OUTPUT_DIR is another user's, and cannot be opened to the user of the container: $out"
    }
  fi
  binds+=("$out" /seed/outputs rw)
  put OUTPUT_DIR /seed/outputs
}

# set_words WORD... takes the words of the command. They are arguments, since Bash would read [a]=b in an array otherwise.
set_words() { words=("$@"); }

# --- The run ---

# field NAME=VALUE prints a field of a --mount, quoted where it must be.
field() {
  local text=$1 q='"'
  case $text in *[,\"]* | *$'\n'*) text=$q${text//$q/$q$q}$q ;; esac
  printf %s "$text"
}

# add_bind SOURCE TARGET ro|rw
add_bind() {
  local short=-v only=readonly quoted='' text
  case $1$2 in *[:,\"\\]*) quoted=yes ;; esac
  if [ "$runtime" = apptainer ]; then
    short=--bind only=ro
    case $1$2 in *$'\n'*) quoted=yes ;; esac
  fi
  if [ -z "$quoted" ]; then
    line+=("$short" "$1:$2:$3")
    return
  fi
  # The flag is read as CSV, in which this pair is one line end.
  case $1$2 in *$'\r\n'*) fail "$runtime cannot mount a path that has a carriage return before a line end: $1" ;; esac
  text=type=bind,$(field "source=$1"),$(field "destination=$2")
  [ "$3" != ro ] || text+=,$only
  line+=(--mount "$text")
}

# command_line sets line to the command of the container runtime.
command_line() {
  local i each
  line=("$runtime" run)
  [ "${#words[@]}" -gt 0 ] || [ "$seed_words" != some ] || start_alone
  if [ "$runtime" = apptainer ]; then
    apptainer_options
  else
    container_options
  fi
  for ((i = 0; i < ${#binds[@]}; i += 3)); do
    add_bind "${binds[i]}" "${binds[i + 1]}" "${binds[i + 2]}"
  done
}

# add_image ends the command with the image and the words.
add_image() {
  case $runtime-$image in
  apptainer-*.sif) line+=("$image") ;;
  apptainer-*) line+=("${sif:-docker://$image}") ;;
  *) line+=("$image") ;;
  esac
  line+=("${words[@]}")
}

# start_alone starts the image without a word of the command. A runtime leaves CMD out only if it is told the ENTRYPOINT.
start_alone() {
  [ "${#seed_entrypoint[@]}" -gt 0 ] || fail "the command has no words left, and the image's CMD would take its place"
  if [ "$runtime" = apptainer ]; then
    line=("$runtime" exec)
    words=("${seed_entrypoint[@]}")
  else
    line+=(--entrypoint "${seed_entrypoint[0]}")
    words=("${seed_entrypoint[@]:1}")
  fi
}

container_options() {
  local each memory shared
  [ -n "$keep" ] || line+=(--rm)
  line+=(--cidfile "$cidfile" --name "$container")
  [ "$seed_network" = default ] || line+=(--network none)
  # Labels of SELinux would deny the job its inputs.
  [ ! -e /sys/fs/selinux/enforce ] || line+=(--security-opt label=disable)
  shared=$(mebibytes "${seed_shared[@]}")
  memory=$(mebibytes "${seed_memory[@]}")
  if [ "$memory" -gt 0 ] && limits_memory; then
    memory=$((memory + shared)) # files in /dev/shm count as memory, and a container needs some to start
    line+=(--memory "$((memory < 16 ? 16 : memory))m")
  fi
  [ "$shared" -eq 0 ] || line+=(--shm-size "${shared}m")
  [ "$seed_gpus" -eq 0 ] || add_gpus
  for each in "${variables[@]}"; do
    case $each in
    # Podman reads the flag as CSV, in which this pair is one line end.
    *$'\r\n'*) line=(env "$each" "${line[@]}" -e "${each%%=*}") ;;
    *) line+=(-e "$each") ;;
    esac
  done
  for each in "${secrets[@]}"; do
    line+=(-e "$each")
  done
}

# limits_memory reports whether the runtime can limit memory. Podman without root often cannot, and would refuse to run.
limits_memory() {
  [ "$runtime" = podman ] && [ "$EUID" -ne 0 ] || return 0
  case $("$runtime" info --format '{''{.Host.CgroupControllers}''}' 2>/dev/null) in *memory*) return 0 ;; esac
  return 1
}

# add_gpus gives the job those that the scheduler gave, or all.
add_gpus() {
  local devices=${CUDA_VISIBLE_DEVICES:-all} each
  if [ "$runtime" = docker ]; then
    if [ "$devices" = all ]; then
      line+=(--gpus all)
    else
      line+=(--gpus "\"device=$devices\"")
    fi
    return
  fi
  while [ -n "$devices" ]; do
    each=${devices%%,*}
    line+=(--device "nvidia.com/gpu=$each")
    case $devices in *,*) devices=${devices#*,} ;; *) devices='' ;; esac
  done
}

# apptainer_options are those of a program that runs as its caller, with the caller's environment and home unless told otherwise.
# Values that its flag would take apart, and secrets, travel in the environment.
apptainer_options() {
  local each value
  line+=(--compat --cleanenv --no-home)
  [ -z "$seed_workdir" ] || line+=(--pwd "$seed_workdir")
  [ "$seed_gpus" -eq 0 ] || line+=(--nv)
  for each in "${variables[@]}"; do
    value=${each#*=}
    case $value in
    *=* | *\" | *$'\n'*) line=(env "APPTAINERENV_$each" "${line[@]}") ;;
    *) line+=(--env "$each") ;;
    esac
  done
  for each in "${secrets[@]}"; do
    value=v_$each
    export "APPTAINERENV_$each=${!value}"
  done
}

# watch waits until the container is made, then for the time of the job, and tells the launcher. Its children end with it.
watch() {
  (
    trap 'kill "$last" 2>/dev/null; exit 0' TERM
    while [ "$runtime" != apptainer ] && [ ! -s "$cidfile" ] && kill -0 "$child"; do
      sleep 0.05 &
      last=$!
      wait "$last"
    done
    sleep "$seed_timeout" &
    last=$!
    wait "$last" && kill -USR1 $$
  ) </dev/null >/dev/null 2>&1 &
  nap=$!
}

time_is_up() {
  [ -z "$ended" ] || return 0
  say_failure "timeout after $seed_timeout s"
  cancel 124 10
}

# run_job runs the container. What it prints goes through the filter, if the frame has one.
run_job() {
  local filter=''
  printf '%s\n' "$runtime" >"$scratch/seed.runtime"
  printf '%s\n' "$container" >"$scratch/seed.container"
  child=starting running=yes
  if [ "$seed_filter" = yes ]; then
    rm -f "$scratch/log"
    mkfifo "$scratch/log" || fail "no pipe can be made in $scratch"
    filter_lines <"$scratch/log" &
    filter=$!
    "${line[@]}" </dev/null >"$scratch/log" 2>&1 &
  else
    "${line[@]}" </dev/null &
  fi
  child=$!
  printf '%s\n' "$child" >"$scratch/seed.pid"
  if [ -n "$ended" ]; then # a signal came before the child was known
    local early=$ended
    ended=''
    cancel "$early" "$seed_grace"
  fi
  [ "$seed_timeout" -eq 0 ] || watch
  attend "$child"
  trap '' USR1
  child=''
  if [ -n "$filter" ]; then
    local status=$attended
    attend "$filter"
    attended=$status
    printf '\n' # the last line of the job may have no end
  fi
  case $ended in
  '') return ;;
  124) ;;
  *) say_status "ended from outside, with status $ended" ;;
  esac
  exit "$ended"
}

# started reports whether a container that is still there was started.
started() {
  case $("$runtime" inspect --format '{''{.State.StartedAt}''}' "$container" 2>/dev/null) in '' | 0001-*) return 1 ;; esac
}

# judge STATUS ends the launcher if the job failed.
judge() {
  local meaning=''
  [ "$1" -ne 0 ] || return 0
  if [ "$1" -ge 125 ] && [ "$1" -le 127 ] && [ "$runtime" != apptainer ] && { [ -z "$keep" ] || ! started; }; then
    fail "$runtime could not start the job, which ended with exit status $1" "$1"
  fi
  error_meaning "$1"
  [ -z "$meaning" ] || fail "$meaning" "$1"
  case $1 in
  137) fail "exit status 137: the job was killed, perhaps for want of memory" 137 ;;
  129 | 13[0-9] | 14[0-9] | 15[0-9]) fail "exit status $1: the job was ended by signal $(($1 - 128))" "$1" ;;
  esac
  fail "exit status $1, which the manifest does not declare" "$1"
}

# inside FILE reports whether a match is in OUTPUT_DIR, and not elsewhere by a link in its path.
inside() {
  local part=$1 linked=''
  while [ -n "$part" ]; do
    [ ! -L "$part" ] || linked=yes
    case $part in */*) part=${part%/*} ;; *) part='' ;; esac
  done
  [ -n "$linked" ] || return 0
  case $(readlink -f -- "$1") in "$out"/*) return 0 ;; esac
  return 1
}

# output NAME NEED COUNT PATTERN FILE... checks the files that a pattern matches.
output() {
  local name=$1 need=$2 count=$3 pattern=$4 each n=0
  shift 4
  for each; do
    case $each in seed.outputs.json | *.metadata.json) continue ;; esac
    if [ -f "$each" ] && inside "$each"; then
      n=$((n + 1))
    fi
  done
  if [ "$n" -eq 0 ] && [ "$need" = required ]; then
    fail "output $name: no file matches $pattern"
  fi
  if [ "$n" -gt 1 ] && [ "$count" = single ]; then
    fail "output $name: $n files match $pattern, one is allowed"
  fi
}

outputs_json() { [ -f seed.outputs.json ] || fail "seed.outputs.json is missing, and outputs are read from it"; }

check_outputs() {
  cd -- "$out" || fail "OUTPUT_DIR cannot be read: $out"
  shopt -s nullglob
  shopt -u dotglob nocaseglob failglob extglob
  set +f
  job_outputs
  set -f
}

main() {
  trap cleanup EXIT
  trap 'cancel 143 "$seed_grace"' TERM
  trap 'cancel 130 "$seed_grace"' INT
  trap 'cancel 129 "$seed_grace"' HUP
  trap time_is_up USR1
  read_arguments "$@"
  choose_image
  choose_runtime
  begin_session
  output_directory
  job_values
  job_words
  command_line
  ready_image
  add_image
  say_status "$runtime runs $image"
  run_job
  judge "$attended"
  check_outputs
  say_done
}
