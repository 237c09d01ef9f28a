//go:build linux

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// This file completes command lines in real shells, with the scripts that the program prints for them.

// completions are words of command lines, of which the last is completed, and some of what a shell offers.
var completions = []struct {
	line  string
	want  []string
	never []string // must not be offered
}{
	{"seedpack pa", []string{"pack"}, []string{"lint"}},
	{"seedpack pack --smoke ", []string{"auto", "required", "off"}, nil},
	{"seedpack pack --smoke=r", []string{"required"}, []string{"off"}},
	{"seedpack lint --format ", []string{"text", "json", "sarif", "github", "junit", "gitlab"}, nil},
	{"seedpack lint --fail-on w", []string{"warning"}, []string{"error"}},
	{"seedpack pack --if-exists ", []string{"error", "skip", "overwrite"}, nil},
	{"seedpack list --base m", []string{"merge-base"}, nil},
	{"seedpack discover --kind h", []string{"harbor"}, []string{"gitlab"}},
	{"seedpack export --to s", []string{"slurm"}, nil},
	{"seedpack lint --color n", []string{"never"}, nil},
	{"seedpack lint --rule image-name-lowercase=w", []string{"image-name-lowercase=warning"}, nil},
	{"seedpack explain output-plu", []string{"output-plurality"}, nil},
}

// completingShells print what they offer for a line, in which the program is $1 and the line $2. Each reads the real script.
var completingShells = map[string]string{
	"bash": `. /usr/share/bash-completion/bash_completion
. <("$1" completion bash)
COMP_LINE=$2 COMP_POINT=${#2} COMP_TYPE=9
read -ra COMP_WORDS <<<"$(printf %s "$2" | sed 's/=/ = /g')"
case $2 in *' ' | *=) COMP_WORDS+=("") ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
__start_seedpack
printf '%s\n' "${COMPREPLY[@]}"
`,
	// Only what would draw a menu is replaced. It gets all words, of which zsh shows those that fit.
	"zsh": `compdef() { : }
_describe() { print -rl -- $completions }
. <("$1" completion zsh)
words=(${(z)2}) CURRENT=$#words
case $2 in *' ') words+=('') CURRENT=$#words ;; esac
_seedpack
`,
	"fish": `$1 completion fish | source
complete -C $2
`,
}

// TestCompletion proves that bash, zsh and fish complete commands, and the values of flags that take only some.
func TestCompletion(t *testing.T) {
	t.Parallel()
	program := buildProgram(t)
	for shell, script := range completingShells {
		path, err := exec.LookPath(shell)
		if err != nil {
			if os.Getenv("SEEDPACK_STRICT") != "" {
				t.Errorf("%s is missing: make test installs it", shell)
			}
			continue
		}
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			for _, tt := range completions {
				args := []string{"-c", script, shell, program, tt.line}
				switch shell {
				case "fish":
					args = []string{"--no-config", "-c", strings.NewReplacer("$1", "seedpack", "$2", fmt.Sprintf("'%s'", tt.line)).Replace(script)}
				case "zsh":
					args = append([]string{"-f"}, args...)
				}
				cmd := exec.Command(path, args...)
				cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"), "HOME="+t.TempDir())
				out, err := cmd.CombinedOutput()
				offered := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' || r == '\t' || r == ' ' || r == ':' })
				for _, word := range tt.want {
					_, value, ok := strings.Cut(word, "=")
					if ok && shell == "fish" {
						continue // cobra's script takes the name of a rule for that of a flag there
					}
					if ok && shell == "bash" {
						word = value // bash begins a word behind an equals sign
					}
					if flag, _, ok := strings.Cut(strings.Fields(tt.line)[len(strings.Fields(tt.line))-1], "="); ok && shell == "fish" {
						word = flag + "=" + word
					}
					if !slices.Contains(offered, word) {
						t.Errorf("%s: %q is not offered, %v:\n%s", tt.line, word, err, out)
					}
				}
				for _, word := range tt.never {
					if shell != "zsh" && slices.Contains(offered, word) {
						t.Errorf("%s: %q is offered", tt.line, word)
					}
				}
			}
		})
	}
}
