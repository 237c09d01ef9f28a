package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A Place is a line of the job's code that has to change.
type Place struct {
	// ID is output-dir, input-variable, allocated-storage, allocated-cpu, results-file or label.
	ID      string `json:"id"`
	File    string `json:"file"` // below the job's directory, with slashes
	Line    int    `json:"line"` // from 1
	Message string `json:"message"`
	// Text is the line itself, shortened, without the values of settings.
	Text string `json:"-"`
}

// maxCode is the size of files that are searched. Larger ones are data.
const maxCode = 1 << 20

// Search finds the lines in a job's directory that have to change, but those of the manifest. Each is found once for each
// ID. Links are not followed, and what git keeps is not searched. The error joins those of files that could not be read;
// the places are those of all others.
func (r *Result) Search(dir fs.FS, manifest string) ([]Place, error) {
	if !r.From.Old() {
		return nil, nil
	}
	var all []Place
	var failed []error
	s := newCodeSearch(r)
	walkErr := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			failed = append(failed, err)
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir() && slices.Contains([]string{".git", ".hg", ".svn"}, e.Name()):
			return fs.SkipDir
		case !e.Type().IsRegular() || name == manifest:
			return nil
		}
		text, err := readCode(dir, name)
		if err != nil {
			failed = append(failed, err)
			return nil
		}
		all = append(all, s.file(name, text)...)
		return nil
	})
	return all, errors.Join(append(failed, walkErr)...)
}

// readCode returns the text of a file, and nothing of one that is too large or no text.
func readCode(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxCode {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxCode+1))
	if err != nil || len(text) > maxCode || bytes.IndexByte(text, 0) >= 0 {
		return nil, err
	}
	return text, nil
}

// A codeSearch finds what has to change in code that was written for one form.
type codeSearch struct {
	r     *Result
	names *search
	now   map[string]string // new names of variables
}

func newCodeSearch(r *Result) *codeSearch {
	s := &codeSearch{r: r, now: map[string]string{}}
	if r.From.Before(seed.Seed006) {
		for _, v := range r.names {
			if v.old != v.now && s.now[v.old] == "" {
				s.now[v.old] = v.now
			}
		}
	}
	var names []string
	for name := range s.now {
		names = append(names, name)
	}
	s.names = newSearch(names)
	return s
}

// file finds the places in one file.
func (s *codeSearch) file(name string, text []byte) []Place {
	var all []Place
	label := labelLines(name)
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line := strings.TrimRight(string(line), "\r\n")
		add := func(id, message string) {
			if message != "" {
				all = append(all, Place{id, name, n, message, clipLine(s.r.Redact(line))}) // a part of a secret would not be found
			}
		}
		add("output-dir", s.outputDir(line))
		add("input-variable", s.inputVariable(line))
		add("allocated-storage", allocated(line))
		add("allocated-cpu", s.allocatedCPU(line))
		add("results-file", s.resultsFile(line))
		add("label", label(line))
	}
	return all
}

// word matches a name that is not a part of a longer one.
func word(names ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[^A-Za-z0-9_])(` + strings.Join(names, "|") + `)(?:[^A-Za-z0-9_]|$)`)
}

var (
	outputDirWord   = word("JOB_OUTPUT_DIR", "job_output_dir")
	allocatedWord   = word("ALLOCATED_STORAGE", "ALLOCATED_SHARED_MEM")
	allocatedCPU    = word("ALLOCATED_CPU")
	resultsFileWord = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.-])results_manifest\.json(?:[^A-Za-z0-9_]|$)`)
	// Ways to read a variable without a dollar: Python, Ruby, JavaScript, Go, R, Perl, Java, Rust and PowerShell.
	lookup = regexp.MustCompile(`(?:environ(?:b|\.get|\.pop|\.setdefault)?|[gG]etenv|LookupEnv|GetEnvironmentVariable|\bENV(?:\.fetch)?|process\.env|env::var(?:_os)?)\s*[\[({]\s*b?["']?([A-Za-z0-9_-]+)["']?|process\.env\.(\w+)|\$env:(\w+)`)
)

func (s *codeSearch) outputDir(line string) string {
	m := outputDirWord.FindStringSubmatch(line)
	if m == nil || !s.r.From.Before(seed.Seed006) {
		return ""
	}
	return fmt.Sprintf("the job reads $%s, which is $%s now", m[1], seed.OutputDir)
}

func (s *codeSearch) inputVariable(line string) string {
	if len(s.now) == 0 {
		return ""
	}
	found := ""
	s.names.each(strings.ReplaceAll(line, `\`, " "), func(_, _ int, name string) {
		if found == "" {
			found = name
		}
	})
	if found == "" {
		for _, m := range lookup.FindAllStringSubmatch(line, -1) {
			if name := m[1] + m[2] + m[3]; found == "" && s.known(name) {
				found = name
			}
		}
	}
	switch {
	case found == "":
		return ""
	case s.now[found] == "":
		return fmt.Sprintf("the job reads $%s, which gets another name: see the question", found)
	}
	return fmt.Sprintf("the job reads $%s, which is $%s now", found, s.now[found])
}

func (s *codeSearch) known(name string) bool {
	_, ok := s.now[name]
	return ok
}

func allocated(line string) string {
	m := allocatedWord.FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	now := "ALLOCATED_DISK"
	if m[1] == "ALLOCATED_SHARED_MEM" {
		now = "ALLOCATED_SHAREDMEM"
	}
	return fmt.Sprintf("the job reads $%s, which is $%s now", m[1], now)
}

// allocatedCPU finds the variable of the resource cpu, where that is cpus now.
func (s *codeSearch) allocatedCPU(line string) string {
	if !s.r.renamed || !allocatedCPU.MatchString(line) {
		return ""
	}
	return "the job reads $ALLOCATED_CPU, which is $ALLOCATED_CPUS now"
}

func (s *codeSearch) resultsFile(line string) string {
	if !s.r.From.Before(seed.Seed010) || !resultsFileWord.MatchString(line) {
		return ""
	}
	return fmt.Sprintf("the job writes results_manifest.json, which is %s now", seed.OutputsFile)
}

var (
	labelStart = regexp.MustCompile(`(?i)^\s*#?\s*(?:ONBUILD\s+)?LABEL(?:\s|$)`)
	labelKeys  = regexp.MustCompile(`(?:^|[\s"'])(` + regexp.QuoteMeta(seed.JobPackLabel) + `|` + regexp.QuoteMeta(seed.Label) + `)(?:["'\s=]|$)`)
)

// labelLines returns a function that finds labels with a manifest in the lines of a Dockerfile, one after the other.
func labelLines(name string) func(line string) string {
	if !isDockerfile(name) {
		return func(string) string { return "" }
	}
	within := false // an instruction LABEL
	return func(line string) string {
		within = within || labelStart.MatchString(line)
		m := labelKeys.FindStringSubmatch(line)
		here := within && m != nil
		within = within && strings.HasSuffix(strings.TrimRight(line, " \t"), `\`)
		switch {
		case !here:
			return ""
		case m[1] == seed.JobPackLabel:
			return fmt.Sprintf("the label of JobPack stands in the Dockerfile: remove it, seedpack pack sets %s", seed.Label)
		}
		return "the label stands in the Dockerfile with the old manifest: remove it, seedpack pack sets it"
	}
}

// isDockerfile reports whether a file has the name of a Dockerfile.
func isDockerfile(name string) bool {
	base := strings.ToLower(path.Base(name))
	return base == "dockerfile" || base == "containerfile" || strings.HasPrefix(base, "dockerfile.") || strings.HasPrefix(base, "dockerfile-") ||
		strings.HasPrefix(base, "containerfile.") || strings.HasSuffix(base, ".dockerfile")
}

// clipLine shortens a line for a report.
func clipLine(line string) string {
	const most = 160
	line = strings.TrimSpace(line)
	if r := []rune(line); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return line
}

// FindOutputDir returns the first line in a job's directory that reads the output directory by its name before Seed 0.0.6. It
// looks at no more than 10,000 files, and passes over those that cannot be read: a hint is not worth more.
func FindOutputDir(dir fs.FS) (file string, line int, ok bool) {
	const most = 10_000
	files := 0
	// Errors of the walk are passed over, too.
	_ = fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && e != nil && e.IsDir(), err == nil && e.IsDir() && e.Name() == ".git":
			return fs.SkipDir
		case err != nil || !e.Type().IsRegular():
			return nil
		}
		if files++; files > most {
			return fs.SkipAll
		}
		text, err := readCode(dir, name)
		if err != nil || !outputDirWord.Match(text) {
			return nil
		}
		n := 0
		for l := range bytes.Lines(text) {
			if n++; outputDirWord.Match(bytes.TrimRight(l, "\r\n")) {
				file, line, ok = name, n, true
				return fs.SkipAll
			}
		}
		return nil
	})
	return file, line, ok
}
