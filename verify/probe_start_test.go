package verify

import (
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A program that is not meant to be one, since ENTRYPOINT, CMD and the command do not fit each other.
func TestStartHints(t *testing.T) {
	t.Parallel()
	const notFound, denied = `"x": not found in PATH "/bin"`, `"/seed/inputs/IN/x": permission denied, its mode 0644 lets nobody execute it`
	const mode = "make it executable in the Dockerfile: COPY --chmod=755, or RUN chmod +x"
	for _, tt := range []struct {
		name       string
		command    string
		config     pack.Config
		args       []string
		error, fix string
		want       string
	}{
		{"an input for the program", "${IN}", pack.Config{Cmd: []string{"python", "app.py"}}, []string{"/seed/inputs/IN/x"}, denied, mode,
			`the image has no ENTRYPOINT, and the command of the manifest replaces its CMD ["python", "app.py"], so the first word of the command is taken for the program: write ENTRYPOINT ["python", "app.py"] in the Dockerfile in place of CMD`},
		{"a flag for the program", "--in ${IN}", pack.Config{}, []string{"--in", "/x"}, `"--in": not found in PATH "/bin"`, "",
			"the image has no ENTRYPOINT, so the first word of the command is taken for the program: name the program in ENTRYPOINT of the Dockerfile, or at the beginning of the command"},
		{"CMD for the program", "", pack.Config{Cmd: []string{"--help"}}, []string{"--help"}, `"--help": not found in PATH "/bin"`, "",
			`the image has no ENTRYPOINT, so the first word of its CMD ["--help"] is taken for the program: name the program in ENTRYPOINT of the Dockerfile`},
		{"a line in one word", "", pack.Config{Entrypoint: []string{"python app.py"}}, []string{"python app.py"}, `"python app.py": not found in PATH "/bin"`, "",
			`ENTRYPOINT has a whole command line in one word: write ["python", "app.py"]`},
		{"a line in one word of CMD", "", pack.Config{Cmd: []string{"python app.py"}}, []string{"python app.py"}, `"python app.py": not found in PATH "/bin"`, "",
			`CMD has a whole command line in one word: write ["python", "app.py"]; the image has no ENTRYPOINT, so the first word of its CMD ["python app.py"] is taken for the program: name the program in ENTRYPOINT of the Dockerfile`},
		{"only missing", "", pack.Config{Entrypoint: []string{"x"}}, []string{"x"}, notFound, "", ""},
		{"only the mode", "", pack.Config{Entrypoint: []string{"/x"}}, []string{"/x"}, denied, mode, mode},
		{"a user", "", pack.Config{Cmd: []string{"x"}}, []string{"x"}, `user "9999999999" is out of range`, "give a number", "give a number"},
	} {
		m := seed.Parse([]byte(`{"job": {"interface": {"command": "` + tt.command + `"}}}`))
		c := &cases.Case{}
		r := newRun(m, c, prepare(m, c), nil, &pack.Outcome{Exit: -1, StartError: tt.error, StartFix: tt.fix})
		r.config, r.args = tt.config, tt.args
		want := "/job/interface/command: error: the job cannot start: " + tt.error + " [cannot-start]"
		if tt.want != "" {
			want += " (" + tt.want + ")"
		}
		if got := findings(judge(r, Options{}).Diagnostics); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
	}
}

// What loaders and shells print, and what is said of it.
func TestCauses(t *testing.T) {
	t.Parallel()
	const crlf = "a script of the job has CR LF at the ends of its lines: save it with LF"
	const format = "a program that the job starts is for another architecture, or a script without #! in its first line"
	for said, want := range map[string]string{
		"app: error while loading shared libraries: libgdal.so.32: cannot open shared object file: No such file or directory": "the image lacks the library libgdal.so.32: install the package that holds it",
		"Error loading shared library libgdal.so.32: No such file or directory (needed by /app)":                              "the image lacks the library libgdal.so.32: install the package that holds it",
		"/app: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /app)":                            "the program was linked with newer libraries (GLIBC_2.38) than the image has: build it on the base image of the job",
		"Error relocating /app: __sprintf_chk: symbol not found":                                                              "the program was linked with other libraries than the image has, where __sprintf_chk is missing: build it on the base image of the job",
		"/job.sh: 3: /app: Exec format error":                                                                                 format,
		"OSError: [Errno 8] Exec format error: '/app'":                                                                        format,
		"env: \u2018python3\\r\u2019: No such file or directory":                                                              crlf,
		"/usr/bin/env: 'python3\\r': No such file or directory":                                                               crlf,
		"env: can't execute 'python3\r': No such file or directory":                                                           crlf,
		"/job.sh: line 2: $'\\r': command not found":                                                                          crlf,
		"/job.sh: line 1: cd: $'/data\\r': No such file or directory":                                                         crlf,
		"/job.sh: line 2: \r: not found":                                                                                      crlf,
		"bash: ./job.sh: /bin/sh^M: bad interpreter: No such file or directory":                                               crlf,
		"/job.sh: line 2: x: not found":                                                                                       "",
		"no such file\r\nbut with windows lines\r\n":                                                                          "",
	} {
		m, c := seed.Parse([]byte(`{"job": {}}`)), &cases.Case{}
		r := newRun(m, c, prepare(m, c), nil, &pack.Outcome{Started: true, Exit: 127, Stderr: pack.Excerpt{Head: []byte(said + "\n")}})
		if got := r.cause(); got != want {
			t.Errorf("%q:\n got %s\nwant %s", said, got, want)
		}
	}
	m, c := seed.Parse([]byte(`{"job": {}}`)), &cases.Case{}
	r := newRun(m, c, prepare(m, c), nil, &pack.Outcome{Started: true, Exit: 127, Stderr: pack.Excerpt{Head: []byte("/bin/sh: [python,: not found\n")}})
	r.config.Entrypoint = []string{"/bin/sh", "-c", "['python', 'app.py']"}
	const want = `/job: error: the job cannot start: exit status 127 is a shell's word for a program that is not found [cannot-start] (ENTRYPOINT ['python', 'app.py'] is not JSON, so a shell gets it as a command: write words in double quotes, with a comma between them; its last words were "/bin/sh: [python,: not found")`
	if got := findings(judge(r, Options{}).Diagnostics[:1]); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// The lines to add stand in what is missing of the manifest.
func TestAddTo(t *testing.T) {
	t.Parallel()
	for manifest, want := range map[string]string{
		`{"job": {"interface": {"outputs": {"json": []}}}}`:  `add to interface.outputs.json: {"name": "a", "type": "string"}`,
		`{"job": {"interface": {"outputs": {"files": []}}}}`: `add to interface.outputs: "json": [{"name": "a", "type": "string"}]`,
		`{"job": {"interface": {}}}`:                         `add to interface: "outputs": {"json": [{"name": "a", "type": "string"}]}`,
		`{"job": {}}`:                                        `add to job: "interface": {"outputs": {"json": [{"name": "a", "type": "string"}]}}`,
	} {
		m, c := seed.Parse([]byte(manifest)), &cases.Case{}
		o := &pack.Outcome{Started: true, UID: 1, Files: []pack.File{holding(seed.OutputsFile, `{"a": "x"}`)}}
		r := newRun(m, c, prepare(m, c), nil, o)
		found := judge(r, Options{}).Diagnostics
		if len(found) != 1 || found[0].Rule.ID != "outputs-json-unexpected" || found[0].Hint != want || found[0].Message != `no JSON output captures "a" of seed.outputs.json` {
			t.Errorf("%s: %s", manifest, findings(found))
		}
		o.Files[0] = holding(seed.OutputsFile, `{a}`)
		if found := judge(newRun(m, c, prepare(m, c), nil, o), Options{}).Diagnostics; len(found) != 1 || found[0].Rule.ID != "outputs-json-syntax" || !m.Source.Has(found[0].Pointer) {
			t.Errorf("%s: %s", manifest, findings(found))
		}
		o.Files[0] = holding("Seed.outputs.json", `{}`)
		if found := judge(newRun(m, c, prepare(m, c), nil, o), Options{}).Diagnostics; len(found) == 0 || found[0].Rule.ID != "outputs-json-misplaced" || !m.Source.Has(found[0].Pointer) {
			t.Errorf("%s: %s", manifest, findings(found))
		}
	}
	if m := seed.Parse([]byte(`{"job": {"interface": {"outputs": {"json": [{"name": "x1", "type": "string", "required": false}]}}}}`)); true {
		o := &pack.Outcome{Started: true, UID: 1, Files: []pack.File{holding(seed.OutputsFile, `{"a1":1,"a2":1,"a3":1,"a4":1,"a5":1,"a6":true,"a7":{}}`)}}
		r := newRun(m, &cases.Case{}, prepare(m, &cases.Case{}), nil, o)
		const want = `add to interface.outputs.json: {"name": "a1", "type": "integer"}, {"name": "a2", "type": "integer"}, {"name": "a3", "type": "integer"}, {"name": "a4", "type": "integer"}, {"name": "a5", "type": "integer"}, and so on for 2 more`
		if found := judge(r, Options{}).Diagnostics; found[0].Hint != want {
			t.Errorf("got %s", found[0].Hint)
		}
	}
}

// A line that is quoted ends in a whole character.
func TestCutLine(t *testing.T) {
	t.Parallel()
	a := strings.Repeat("a", 198)
	for line, want := range map[string]string{
		"":                          "",
		"\xe9t\xe9":                 "\xe9t\xe9",
		a + "é":                     a + "é",
		a + "bé":                    a + "b",
		a + "€":                     a,
		a + "😀":                     a,
		a + "bcd":                   a + "bc",
		a + "\x80\x80\x80\x80":      a[:197],
		strings.Repeat("\x80", 300): strings.Repeat("\x80", 200),
	} {
		if got := cutLine(line); got != want {
			t.Errorf("%q: %q", line, got)
		}
	}
}
