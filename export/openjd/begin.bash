
# --- The beginning of the step: the image is pulled before the time of the job begins ---

main() {
  session=$1
  given[SeedImage]=$2
  given[SeedRuntime]=$3
  trap cleanup EXIT
  trap 'cancel 143 "$seed_grace"' TERM
  trap 'cancel 130 "$seed_grace"' INT
  trap 'cancel 129 "$seed_grace"' HUP
  choose_image
  choose_runtime
  begin_session
  ready_image
  attended=0
}

main "$@"
