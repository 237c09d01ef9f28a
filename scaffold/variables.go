package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A Use is the first place at which a script reads a variable of its environment.
type Use struct {
	Name string
	Line int // counts from 1
}

// readings match how languages read a variable, by the end of a file's name. Only names in capital letters are looked for: others
// are seldom of the environment.
var readings = []struct {
	ends    []string
	pattern *regexp.Regexp
}{
	{[]string{".sh", ".bash"}, regexp.MustCompile(`\$\{?([A-Z][A-Z0-9_]*)`)},
	{[]string{".py"}, regexp.MustCompile(`(?:os\.)?(?:environ(?:b)?\[|environ\.get\(|getenv\()\s*["']([A-Z][A-Z0-9_]*)["']`)},
	{[]string{".r", ".R"}, regexp.MustCompile(`Sys\.getenv\(\s*["']([A-Z][A-Z0-9_]*)["']`)},
	{[]string{".jl", ".rb"}, regexp.MustCompile(`ENV(?:\[|\.fetch\(|\.get\()\s*["']([A-Z][A-Z0-9_]*)["']|get\(ENV,\s*"([A-Z][A-Z0-9_]*)"`)},
	{[]string{".js", ".mjs", ".cjs", ".ts"}, regexp.MustCompile(`process\.env(?:\.|\[["'])([A-Z][A-Z0-9_]*)`)},
	{[]string{".pl", ".pm"}, regexp.MustCompile(`\$ENV\{["']?([A-Z][A-Z0-9_]*)`)},
	{[]string{".go", ".c", ".cc", ".cpp", ".java", ".rs", ".php"}, regexp.MustCompile(`(?:[Gg]etenv|LookupEnv|env::var(?:_os)?)\(\s*"([A-Z][A-Z0-9_]*)"`)},
}

// assigned matches a variable that a shell script sets itself.
var assigned = regexp.MustCompile(`(?m)(?:^|[;&|({]\s*|\b(?:export|local|readonly|declare|for|read)\s+(?:-\w+\s+)*)\s*([A-Z][A-Z0-9_]*)(?:=|\s+in\b|\s*$)`)

// ownVariables are there in every process, or are a shell's own.
var ownVariables = strings.Fields(`PATH HOME USER LOGNAME SHELL PWD OLDPWD TERM LANG LC_ALL TMPDIR TMP TEMP HOSTNAME TZ EDITOR DISPLAY DEBUG
	IFS OPTARG OPTIND RANDOM SECONDS LINENO UID EUID PPID BASH BASH_SOURCE BASH_VERSION FUNCNAME PYTHONPATH LD_LIBRARY_PATH ` + seed.OutputDir)

// scripts are the ends of names that scripts of an interpreter have.
var scripts = map[string]string{"python": ".py", "pypy": ".py", "sh": ".sh", "bash": ".sh", "dash": ".sh", "ash": ".sh", "ksh": ".sh", "mksh": ".sh", "zsh": ".sh",
	"Rscript": ".R", "node": ".js", "nodejs": ".js", "julia": ".jl", "ruby": ".rb", "perl": ".pl"}

// interpreter returns the name of the program that the first line of a script names, without its directory and version. It is empty
// if there is none. Blanks may follow #!, and env(1) may have options and variables before the name.
func interpreter(text []byte) string {
	first, _, _ := strings.Cut(string(text), "\n")
	rest, ok := strings.CutPrefix(first, "#!")
	words := strings.Fields(rest)
	if !ok || len(words) == 0 {
		return ""
	}
	name := path.Base(words[0])
	if name == "env" {
		words = slices.DeleteFunc(words[1:], func(w string) bool { return strings.HasPrefix(w, "-") || strings.Contains(w, "=") })
		if len(words) == 0 {
			return ""
		}
		name = path.Base(words[0])
	}
	return strings.TrimRight(name, ".0123456789")
}

// Variables returns the variables that a script reads from its environment, each once, in the order of the text. It knows the
// language by the name of the file, or by its first line.
func Variables(name string, text []byte) (uses []Use) {
	language := name
	if known := scripts[interpreter(text)]; known != "" {
		language = known
	}
	seen := map[string]bool{}
	for _, name := range ownVariables {
		seen[name] = true
	}
	for _, r := range readings {
		if !slices.ContainsFunc(r.ends, func(end string) bool { return strings.HasSuffix(language, end) }) {
			continue
		}
		if r.ends[0] == ".sh" {
			for _, m := range assigned.FindAllSubmatch(text, -1) {
				seen[string(m[1])] = true
			}
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "//") {
				continue
			}
			for _, m := range r.pattern.FindAllStringSubmatch(line, -1) {
				found := strings.Join(m[1:], "")
				if !seen[found] && !strings.HasPrefix(found, "ALLOCATED_") {
					seen[found] = true
					uses = append(uses, Use{found, n})
				}
			}
		}
	}
	return uses
}
