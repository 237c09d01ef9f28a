# --- Messages, as a session of Open Job Description reads them ---

say_failure() { clean_line "openjd_fail: $1"; }
say_status() { clean_line "openjd_status: $1"; }
say_done() { printf 'openjd_progress: 100\n'; }
seed_filter=yes

# filter_lines marks each line of the job, so that none is a message to the session, and replaces bytes that are not UTF-8.
# It holds no line back.
filter_lines() {
  local tail='[\x80-\xbf]' character edit=(sed -u)
  character="[\\xc2-\\xdf]$tail|\\xe0[\\xa0-\\xbf]$tail|[\\xe1-\\xec\\xee\\xef]$tail$tail|\\xed[\\x80-\\x9f]$tail"
  character+="|\\xf0[\\x90-\\xbf]$tail$tail|[\\xf1-\\xf3]$tail$tail$tail|\\xf4[\\x80-\\x8f]$tail$tail"
  ! command -v stdbuf >/dev/null || edit=(stdbuf -oL sed)
  # A line end marks each character that has several bytes. All other bytes beyond ASCII become question marks.
  LC_ALL=C "${edit[@]}" -E \
    -e 's/\x00/?/g' \
    -e "s/($character)/\\n\\1/g" \
    -e "s/(\\n($character))|[\\x80-\\xff]/\\1?/g" \
    -e "s/\\n($character)\\?/\\1/g" \
    -e 's/([\r\x0b\x0c\x1c-\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9])/\1| /g' \
    -e 's/\r\| $/\r/' \
    -e 's/^/| /'
}

