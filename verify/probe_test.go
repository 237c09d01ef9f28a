package verify

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// probed is a job with a declaration for every probe.
const probed = `{"seedVersion": "1.0.0", "job": {"name": "probed", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "timeout": 10,
"resources": {"scalar": [{"name": "cpus", "value": 1}, {"name": "mem", "value": 512}, {"name": "disk", "value": 1, "inputMultiplier": 2},
	{"name": "sharedMem", "value": 16}]},
"interface": {"command": "run ${IN} ${OUTPUT_DIR}",
	"inputs": {"files": [{"name": "IN"}]},
	"outputs": {
		"files": [{"name": "table", "pattern": "table*.csv", "mediaType": "text/csv"},
			{"name": "plots", "pattern": "plots/*", "multiple": true, "required": false, "mediaType": "image/png"},
			{"name": "first", "pattern": "plots/1*", "required": false}],
		"json": [{"name": "count", "key": "theCount", "type": "integer"}, {"name": "note", "type": "string", "required": false}]},
	"settings": [{"name": "db-pass", "secret": true}]},
"errors": [{"code": 3, "name": "bad-data", "category": "data"}, {"code": 3, "name": "second"}]}}`

func file(name string) pack.File {
	return pack.File{Name: name, Mode: 0o644, ReadableByOther: true, Size: 4, Content: []byte("1,2\n")}
}

func dir(name string) pack.File {
	return pack.File{Name: name, Mode: fs.ModeDir | 0o755, ReadableByOther: true}
}

func link(name, to string) pack.File {
	return pack.File{Name: name, Mode: fs.ModeSymlink | 0o777, Link: to}
}

func holding(name, content string) pack.File {
	return pack.File{Name: name, Mode: 0o644, ReadableByOther: true, Size: int64(len(content)), Content: []byte(content), Collected: true}
}

func with(f pack.File, mode fs.FileMode) pack.File {
	f.Mode = mode
	f.ReadableByOther = false
	return f
}

// good returns the files of a run without findings.
func good() []pack.File {
	return []pack.File{holding(seed.OutputsFile, `{"theCount": 3}`), file("table.csv")}
}

func outcome(change func(*pack.Outcome)) *pack.Outcome {
	o := &pack.Outcome{Started: true, UID: 1000, Files: good(), Usage: pack.Usage{Memory: 300 * mib}}
	change(o)
	slices.SortFunc(o.Files, func(a, b pack.File) int { return strings.Compare(a.Name, b.Name) })
	return o
}

func add(files ...pack.File) func(*pack.Outcome) {
	return func(o *pack.Outcome) { o.Files = append(o.Files, files...) }
}

func outputs(text string) func(*pack.Outcome) {
	return func(o *pack.Outcome) { o.Files[0] = holding(seed.OutputsFile, text) }
}

func only(files ...pack.File) func(*pack.Outcome) {
	return func(o *pack.Outcome) { o.Files = files }
}

func exit(code int) func(*pack.Outcome) {
	return func(o *pack.Outcome) {
		o.Exit, o.Stderr = code, pack.Excerpt{Head: []byte("one\nlast words\n"), Total: 15}
	}
}

const words = ` (its last words were "last words")`

var probeTests = []struct {
	name   string
	change func(*pack.Outcome)
	want   string // one line for each finding
}{
	{"good", add(), ""},
	{"not started", func(o *pack.Outcome) { *o = pack.Outcome{Exit: -1, StartError: `"run": not found in PATH "/bin"`} },
		`/job/interface/command: error: the job cannot start: "run": not found in PATH "/bin" [cannot-start]`},
	{"a fix is known", func(o *pack.Outcome) {
		*o = pack.Outcome{Exit: -1, StartError: `"/run": is empty`, StartFix: "fill it"}
	},
		`/job/interface/command: error: the job cannot start: "/run": is empty [cannot-start] (fill it)`},
	{"a shell finds nothing", exit(127), `/job/interface/command: error: the job cannot start: exit status 127 is a shell's word for a program that is not found [cannot-start]` + words},
	{"timeout", func(o *pack.Outcome) {
		o.TimedOut, o.Exit, o.Signal, o.Usage.Wall = true, 143, "terminated", 10010*time.Millisecond
	},
		`/job/timeout: error: the job did not end within 10s; it ended at the signal TERM, after 10.01s [job-timeout]`},
	{"timeout without mercy", func(o *pack.Outcome) {
		o.TimedOut, o.Exit, o.Signal, o.Usage.Wall = true, 137, "killed", 20*time.Second
	},
		`/job/timeout: error: the job did not end within 10s; it ignored the signal TERM and was killed, after 20s [job-timeout]`},
	{"processes", func(o *pack.Outcome) { o.Crowded, o.TimedOut, o.Exit, o.Signal = true, true, 137, "killed" },
		"/job: error: the job had more than 4096 processes at once, and was ended [processes-too-many]"},
	{"memory", func(o *pack.Outcome) { o.OutOfMemory, o.Exit, o.Signal = true, 137, "killed" },
		`/job/resources/scalar/1: error: the job was ended for want of memory; 512.0 MiB are declared, and samples of what it allocated reached 300 MiB [memory-killed]`},
	{"signal", func(o *pack.Outcome) { o.Exit, o.Signal = 139, "segmentation fault" },
		`/job: error: the job was ended by a signal, "segmentation fault", which counts as exit status 139 [exit-signal]`},
	{"declared error", exit(3), `/job/errors/0: error: the job ended with exit status 3, its error "bad-data" of category data [exit-mapped]` + words},
	{"no network", func(o *pack.Outcome) { exit(9)(o); o.Stderr.Head = []byte("wget: bad address 'x'\nlast words\n") },
		`/job/errors: error: the job ended with exit status 9, which none of its errors declares [exit-undeclared]` + words + `
/job: warning: the job looks for a network, and smoke cases have none: it said "wget: bad address 'x'" [network-missing] (put into the image what the job downloads, or declare it as an input; for a job that cannot do without, write network: default into its case in seed.smoke.yaml)`},
	{"directory closed", func(o *pack.Outcome) { o.Directory = wire.Directory{Mode: fs.ModeDir | 0o700} },
		`/job/interface/outputs: error: the job left OUTPUT_DIR with mode 0700, owned by user 0: an executor, which is another user, can read none of its outputs [output-unreadable] (tar, cp -a and rsync -a give it the mode of the directory that they copy: end the job with chmod 755 "$OUTPUT_DIR")`},
	{"directory open", func(o *pack.Outcome) { o.Directory = wire.Directory{Mode: fs.ModeDir | 0o755, ReadableByOther: true} }, ``},
	{"directory not tried", func(o *pack.Outcome) { o.ReadTestError, o.Directory.Mode = "x", fs.ModeDir|0o755 }, ``},
	{"undeclared error", exit(9), `/job/errors: error: the job ended with exit status 9, which none of its errors declares [exit-undeclared]` + words},
	{"aborted", exit(134), `/job/errors: error: the job ended with exit status 134, which none of its errors declares [exit-undeclared] (134 is what is left of a process that ended itself, often since a check in it failed; its last words were "last words")`},
	{"meaningful error", exit(137), `/job/errors: error: the job ended with exit status 137, which none of its errors declares [exit-undeclared] (137 is what is left of a process that was killed, often for want of memory; its last words were "last words")`},

	{"nothing written", only(), `/job/interface/outputs/files/0: error: output "table" has no file: nothing matches "table*.csv"; OUTPUT_DIR is empty [output-missing]
/job/interface/outputs/json: error: the job wrote no seed.outputs.json, which its JSON outputs are read from; OUTPUT_DIR is empty [outputs-json-missing]`},
	{"nearest first", only(good()[0], file("a"), file("b"), file("c"), file("d"), file("e"), file("tabel.csv"), dir("tables")),
		`/job/interface/outputs/files/0: error: output "table" has no file: nothing matches "table*.csv"; there is "tabel.csv", "seed.outputs.json", "a", "b", "c" and 2 more [output-missing]`},
	{"written elsewhere", func(o *pack.Outcome) {
		o.Files = o.Files[:1]
		o.Elsewhere = wire.Elsewhere{Count: 1, Bytes: 4, Files: []pack.File{file("/work/table.csv")}}
	}, `/job/interface/outputs/files/0: error: output "table" has no file: nothing matches "table*.csv"; there is "seed.outputs.json" [output-missing] ("/work/table.csv" was written, outputs belong below OUTPUT_DIR)
/job: notice: the job wrote outside of OUTPUT_DIR, 1 file of 4 bytes in all: "/work/table.csv" [writes-elsewhere]`},
	{"two for one", add(file("table2.csv")), `/job/interface/outputs/files/0: error: output "table" matches 2 files, it should match one: "table.csv", "table2.csv" [output-plurality] (declare it multiple, or make the pattern narrower)`},
	{"many for one", add(file("table2.csv"), file("table3.csv"), file("table4.csv"), file("table5.csv"), file("table6.csv"), file("table7\n.csv")),
		`/job/interface/outputs/files/0: error: output "table" matches 7 files, it should match one: "table.csv", "table2.csv", "table3.csv", "table4.csv", "table5.csv" and 2 more [output-plurality] (declare it multiple, or make the pattern narrower)`},
	{"side-cars are no outputs", add(holding("table.csv.metadata.json", `{"type": "Point", "coordinates": [1, 2]}`), holding("plots/x.metadata.json", `{"type": "Point", "coordinates": [1, 2]}`), dir("plots"), pngFile("plots/x")), ``},
	{"one match for multiple", add(dir("plots"), pngFile("plots/x")), ``},
	{"hidden files are not matched", add(dir("plots"), file("plots/.x")), `/job/interface/outputs/files: notice: no output captures "plots/.x": executors throw away what no pattern matches [output-uncaptured] (add to interface.outputs.files: {"name": "X", "pattern": "plots/.x", "mediaType": "text/plain"})`},
	{"nothing captures", add(file("log"), file("a.txt"), file("b.txt"), dir("maps"), pngFile("maps/1.png"), pngFile("maps/2.png"), holding("data.json", "{}"), file("x*.dat"), file("z\n")),
		`/job/interface/outputs/files: notice: no output captures "a.txt", "b.txt", "data.json", "log", "maps/1.png" and 3 more: executors throw away what no pattern matches [output-uncaptured] ` +
			`(add to interface.outputs.files: {"name": "TXT", "pattern": "*.txt", "multiple": true, "mediaType": "text/plain"}, {"name": "DATA", "pattern": "data.json", "mediaType": "application/json"}, {"name": "LOG", "pattern": "log", "mediaType": "text/plain"}, {"name": "MAPS", "pattern": "maps/*.png", "multiple": true, "mediaType": "image/png"})`},
	{"nothing captures beside what is captured", add(dir("plots"), pngFile("plots/1"), pngFile("plots/.a"), pngFile("plots/.b")),
		`/job/interface/outputs/files/2: warning: output "first" matches "plots/1", which output "plots" matches too [output-shared]
/job/interface/outputs/files: notice: no output captures "plots/.a", "plots/.b": executors throw away what no pattern matches [output-uncaptured] (add to interface.outputs.files: {"name": "A", "pattern": "plots/.a", "mediaType": "image/png"}, {"name": "B", "pattern": "plots/.b", "mediaType": "image/png"})`},
	{"not readable", only(good()[0], with(file("table.csv"), 0o600)), `/job/interface/outputs/files/0: error: output "table": file "table.csv" is not readable for others: "table.csv" has mode 0600 [output-unreadable] (chmod +r it in the job)`},
	{"directory not readable", add(with(dir("plots"), fs.ModeDir|0o700), with(pngFile("plots/a"), 0o644), with(pngFile("plots/b"), 0o644)),
		`/job/interface/outputs/files/1: error: output "plots": file "plots/a" lies in a directory that is not readable for others: "plots" has mode 0700 [output-unreadable] (chmod +rx the directory in the job)`},
	{"outputs file not readable", only(with(good()[0], 0o600), file("table.csv")), `/job/interface/outputs/json: error: JSON outputs: file "seed.outputs.json" is not readable for others: "seed.outputs.json" has mode 0600 [output-unreadable] (chmod +r it in the job)`},
	{"reading could not be tried", func(o *pack.Outcome) { o.ReadTestError = "x"; o.Files[1] = with(o.Files[1], 0o644) }, ``},
	{"link within", only(good()[0], link("table.csv", "data"), file("data")), ``},
	{"absolute link within", only(good()[0], link("table.csv", outputDir+"/../outputs/d/data"), dir("d"), file("d/data")), ``},
	{"link out", add(link("table2.csv", "../x")), `/job/interface/outputs/files/0: error: output "table" matches the link "table2.csv" to "../x", which leaves OUTPUT_DIR: an executor finds another file there, or none [output-link-outside]`},
	{"absolute link out", add(link("table2.csv", "/etc/passwd")), `/job/interface/outputs/files/0: error: output "table" matches the link "table2.csv" to "/etc/passwd", which leaves OUTPUT_DIR: an executor finds another file there, or none [output-link-outside]`},
	{"dead link", add(link("table2.csv", "none")), `/job/interface/outputs/files/0: warning: output "table" matches "table2.csv", a link to "none", which is not there, which executors cannot capture [output-no-file]`},
	{"circle", add(link("table2.csv", "table3.csv"), link("table3.csv", "table2.csv")), `/job/interface/outputs/files/0: warning: output "table" matches "table2.csv", a link to "table3.csv", which leads nowhere, which executors cannot capture [output-no-file]
/job/interface/outputs/files/0: warning: output "table" matches "table3.csv", a link to "table2.csv", which leads nowhere, which executors cannot capture [output-no-file]`},
	{"no files", add(dir("plots"), dir("plots/d"), pack.File{Name: "plots/f", Mode: fs.ModeNamedPipe}, pack.File{Name: "plots/n", Mode: fs.ModeDevice}, pack.File{Name: "plots/s", Mode: fs.ModeSocket}),
		`/job/interface/outputs/files/1: warning: output "plots" matches "plots/d", a directory, which executors cannot capture [output-no-file]
/job/interface/outputs/files/1: warning: output "plots" matches "plots/f", a FIFO, which executors cannot capture [output-no-file]
/job/interface/outputs/files/1: warning: output "plots" matches "plots/n", a device, which executors cannot capture [output-no-file]
/job/interface/outputs/files/1: warning: output "plots" matches "plots/s", a socket, which executors cannot capture [output-no-file]`},
	{"two outputs", add(dir("plots"), pngFile("plots/12")), `/job/interface/outputs/files/2: warning: output "first" matches "plots/12", which output "plots" matches too [output-shared]`},
	{"other content", add(dir("plots"), holding("plots/x", "GIF89a\x01\x00\x01\x00")), `/job/interface/outputs/files/1: warning: output "plots": "plots/x" looks like image/gif, its mediaType is image/png [output-media-type]`},

	{"wrong place", only(file("table.csv"), dir("sub"), holding("sub/Seed.Outputs.json", `{}`)), `/job/interface/outputs/json: error: the job wrote no seed.outputs.json, which its JSON outputs are read from; there is "sub/Seed.Outputs.json", "table.csv" [outputs-json-missing]
/job/interface/outputs/json: warning: the job wrote "sub/Seed.Outputs.json", executors read only "seed.outputs.json" at the root of OUTPUT_DIR [outputs-json-misplaced]`},
	{"no JSON", outputs(`{"theCount": 3`), `/job/interface/outputs/json: error: seed.outputs.json is not JSON: line 1, column 1: "{" is not closed [outputs-json-syntax] (write "}" where this object ends)`},
	{"no object", outputs(`[3]`), `/job/interface/outputs/json: error: seed.outputs.json holds array, it should hold an object [outputs-json-syntax]`},
	{"a FIFO", func(o *pack.Outcome) { o.Files[0] = with(file(seed.OutputsFile), fs.ModeNamedPipe|0o644) }, `/job/interface/outputs/json: error: seed.outputs.json is a FIFO, it should be a file [outputs-json-syntax]`},
	{"a link", func(o *pack.Outcome) { o.Files[0] = link(seed.OutputsFile, "table.csv") }, `/job/interface/outputs/json: error: seed.outputs.json is a link to "table.csv", it should be a file [outputs-json-syntax]`},
	{"a link to itself", func(o *pack.Outcome) { o.Files[0] = link(seed.OutputsFile, seed.OutputsFile) }, `/job/interface/outputs/json: error: seed.outputs.json is a link to "seed.outputs.json", which leads nowhere, it should be a file [outputs-json-syntax]`},
	{"a link out", func(o *pack.Outcome) { o.Files[0] = link(seed.OutputsFile, "/tmp/o") }, `/job/interface/outputs/json: error: seed.outputs.json is a link to "/tmp/o", which is outside of OUTPUT_DIR, it should be a file [outputs-json-syntax]`},
	{"no file", func(o *pack.Outcome) { o.Files[0] = dir(seed.OutputsFile) }, `/job/interface/outputs/json: error: seed.outputs.json is a directory, it should be a file [outputs-json-syntax]`},
	{"missing key", outputs(`{"note": "x"}`), `/job/interface/outputs/json/0: error: JSON output "count" has no value: seed.outputs.json has no key "theCount"; there is "note" [outputs-json-key]`},
	{"key in other letters", outputs(`{"thecount": 1}`), `/job/interface/outputs/json/0: error: JSON output "count" has no value: seed.outputs.json has no key "theCount"; there is "thecount" [outputs-json-key] (keys are case-sensitive)`},
	{"duplicate key", outputs(`{"theCount": 1, "theCount": 2}`), `/job/interface/outputs/json: warning: seed.outputs.json, line 1: member "theCount" is already on line 1, a name should be there once [outputs-json-duplicate]`},
	{"further key", outputs(`{"theCount": 1, "count": 2}`), `/job/interface/outputs/json: warning: no JSON output captures "count" of seed.outputs.json [outputs-json-unexpected] (add to interface.outputs.json: {"name": "count_2", "key": "count", "type": "integer"})`},
	{"further keys", outputs(`{"theCount": 1, "mean": 1.5, "cell size": [1], "none": null, "note": "x", "a\nb": 1}`), `/job/interface/outputs/json: warning: no JSON output captures "mean", "cell size", "none", "a\nb" of seed.outputs.json [outputs-json-unexpected] (add to interface.outputs.json: {"name": "mean", "type": "number"}, {"name": "cell_size", "key": "cell size", "type": "array"})`},
	{"wrong types", outputs(`{"theCount": "3", "note": null}`), `/job/interface/outputs/json/0: error: JSON output "count" is string "3", it should be of type integer [outputs-json-type]
/job/interface/outputs/json/1: error: JSON output "note" is null, it should be of type string [outputs-json-type]`},
	{"fraction", outputs(`{"theCount": 3.5}`), `/job/interface/outputs/json/0: error: JSON output "count" is number 3.5, it should be of type integer [outputs-json-type]`},
	{"fraction of zero", outputs(`{"theCount": 3.0}`), `/job/interface/outputs/json/0: warning: JSON output "count" is written 3.0, readers of an older JSON Schema take that for no integer [outputs-json-integer]`},
	{"secret in a value", outputs(`{"theCount": "swordfish"}`), `/job/interface/outputs/json/0: error: JSON output "count" is string "***", it should be of type integer [outputs-json-type]`},

	{"side-car is no JSON", add(holding("table.csv.metadata.json", `{`)), `/job/interface/outputs/files/0: error: side-car "table.csv.metadata.json" is not JSON: line 1, column 1: "{" is not closed [side-car-invalid] (write "}" where this object ends)`},
	{"side-car is no GeoJSON", add(holding("table.csv.metadata.json", `{"type": "Point"}`)), `/job/interface/outputs/files/0: error: side-car "table.csv.metadata.json", line 1, column 1: member "coordinates" is missing, it is required here [side-car-invalid]`},
	{"side-car with a date", add(holding("table.csv.metadata.json", `{"type": "Feature", "geometry": null, "properties": {"time": {"end": "yesterday"}}}`)), `/job/interface/outputs/files/0: notice: side-car "table.csv.metadata.json": time.end is "yesterday", it should be a date like 2016-08-06T00:00:00Z [side-car-date]`},
	{"orphan", add(holding("table.metadata.json", `{"type": "Point", "coordinates": [1, 2]}`)), `/job/interface/outputs/files: warning: side-car "table.metadata.json" describes "table", which is not there [side-car-orphan] (the side-car of table.csv is called table.csv.metadata.json)`},

	{"too much output", func(o *pack.Outcome) { o.Usage.Output = 9*mib + 1 }, `/job/resources/scalar/2: error: the outputs have 9.00 MiB, disk declares 9.0 MiB for this input [disk-exceeded]`},
	{"too many processors", func(o *pack.Outcome) { o.Usage.Wall, o.Usage.CPU = 10*time.Second, 12*time.Second },
		`/job/resources/scalar/0: notice: the job took 12.0s of processor time in 10.0s, cpus declares 1.0 [cpus-exceeded]`},
	{"processors for a moment", func(o *pack.Outcome) { o.Usage.Wall, o.Usage.CPU = 900*time.Millisecond, 12*time.Second }, ""},
	{"too much memory", func(o *pack.Outcome) { o.Usage.Memory = 600 * mib }, `/job/resources/scalar/1: warning: the job took 600 MiB of memory, mem declares 512.0 MiB [memory-exceeded]`},
	{"little memory", func(o *pack.Outcome) { o.Usage.Memory = 20 * mib }, `/job/resources/scalar/1: notice: the job took 20 MiB of memory at most, mem declares 512.0 MiB [memory-unused]`},
	{"little memory in samples alone", func(o *pack.Outcome) { o.Usage.Memory, o.Usage.Largest = 20*mib, 300*mib }, ""},
	{"shared memory full", func(o *pack.Outcome) { o.Usage.SharedMem, o.Usage.SharedMemSize = 16*mib, 16*mib }, `/job/resources/scalar/3: error: the job filled /dev/shm, which holds 16 MiB here; sharedMem should declare more [shared-memory-exhausted]`},
	{"secret", func(o *pack.Outcome) {
		o.Leaks = []wire.Leak{{Variable: "DB_PASS", Where: []byte("stdout")}, {Variable: "DB_PASS", Where: []byte("a\xff"), File: true}}
	}, `/job/interface/settings/0: error: the job wrote the value of the secret setting "db-pass" to stdout, into "a\xff" [secret-shown]`},
	{"input changed", func(o *pack.Outcome) {
		o.Exit, o.Stderr = 3, pack.Excerpt{Head: []byte("sh: can't create /seed/inputs/IN/x: Read-only file system\n"), Total: 60}
	}, `/job/errors/0: error: the job ended with exit status 3, its error "bad-data" of category data [exit-mapped] (its last words were "sh: can't create /seed/inputs/IN/x: Read-only file system")
/job/interface/inputs/files/0: warning: the job tried to write to input "IN": "sh: can't create /seed/inputs/IN/x: Read-only file system" [input-written]`},
	{"temporary files", func(o *pack.Outcome) {
		o.Elsewhere = wire.Elsewhere{Count: 1, Bytes: 4, Files: []pack.File{file("/tmp/x")}}
	}, ``},
	{"processes", func(o *pack.Outcome) { o.Leftover, o.LeftoverNames = 2, []string{"sleep", "sh"} }, `/job: notice: 2 processes still ran when the job had ended, and were killed: "sleep", "sh" [processes-left]`},
	{"root", func(o *pack.Outcome) { o.UID = 0 }, `/job: notice: the job ran as root, since the image has no USER [ran-as-root]`},
}

func pngFile(name string) pack.File {
	content := cases.Sample("image/png")
	return pack.File{Name: name, Mode: 0o644, ReadableByOther: true, Size: int64(len(content)), Content: content}
}

// probedCase returns a case with all that the job takes: 4 MiB of input and a secret.
func probedCase() *cases.Case {
	c := &cases.Case{Name: "first", Inputs: map[string][]cases.InputFile{"IN": {{Name: "x", Host: "/x", Size: 4 * mib}}}, Settings: map[string]string{"db-pass": "swordfish"}}
	return c
}

func TestProbes(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(probed))
	if len(m.Source.Problems) > 0 {
		t.Fatal(m.Source.Problems)
	}
	seen := map[string]bool{}
	for _, tt := range probeTests {
		c := probedCase()
		got := findings(judge(newRun(m, c, prepare(m, c), secret.New(c.Secrets(m)...), outcome(tt.change)), Options{}).Diagnostics)
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		for _, p := range probes {
			seen[p.ID] = seen[p.ID] || strings.Contains(tt.want, "["+p.ID+"]")
		}
	}
	elsewhere := []string{"exit-unexpected", "expected-text", "expected-output", "expected-json", "resource-unknown"}
	for _, p := range probes {
		if !seen[p.ID] && !slices.Contains(elsewhere, p.ID) {
			t.Errorf("probe %s has no test", p.ID)
		}
	}
}

func findings(found []diag.Diagnostic) string {
	var lines []string
	for _, d := range found {
		line := fmt.Sprintf("%s: %s: %s [%s]", d.Pointer, d.Level(), d.Message, d.Rule.ID)
		if d.Hint != "" {
			line += " (" + d.Hint + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(strings.Replace(probed, `{"name": "cpus", "value": 1}`, `{"name": "gpus", "value": 1}`, 1)))
	unknown := "/job/resources/scalar/0: warning: resource \"gpus\" was not provided, only its variable ALLOCATED_GPUS: executors that do not know it should refuse the job [resource-unknown]"
	tests := []struct {
		expect cases.Expectation
		change func(*pack.Outcome)
		want   string
	}{
		{cases.Expectation{Error: "bad-data"}, exit(3), ""},
		{cases.Expectation{Exit: 3}, exit(3), ""},
		{cases.Expectation{Exit: 9}, exit(9), ""},
		{cases.Expectation{Exit: 139}, func(o *pack.Outcome) { o.Exit, o.Signal = 139, "segmentation fault" }, ""},
		{cases.Expectation{Error: "bad-data"}, add(), "/job/errors/0: error: the job ended with exit status 0, the case expects 3 [exit-unexpected]"},
		{cases.Expectation{Exit: 4}, exit(3), `/job: error: the job ended with exit status 3, the case expects 4 [exit-unexpected]` + words},
		{cases.Expectation{Error: "bad-data"}, exit(9), `/job/errors: error: the job ended with exit status 9, which none of its errors declares [exit-undeclared]` + words +
			"\n/job/errors/0: error: the job ended with exit status 9, the case expects 3 [exit-unexpected]" + words},
		{cases.Expectation{Stderr: []string{"^one\n", "l.st"}, Error: "bad-data"}, exit(3), ""},
		{cases.Expectation{Stdout: []string{"done"}}, add(), `/job: error: nothing on stdout matches "done", of 0 bytes [expected-text]`},
	}
	for _, tt := range tests {
		c := probedCase()
		c.Expect = tt.expect
		got := findings(judge(newRun(m, c, prepare(m, c), secret.New(c.Secrets(m)...), outcome(tt.change)), Options{}).Diagnostics)
		if want := strings.TrimPrefix(tt.want+"\n"+unknown, "\n"); got != want {
			t.Errorf("%+v:\n got %s\nwant %s", tt.expect, got, want)
		}
	}
}

func TestExpectedOutputs(t *testing.T) {
	t.Parallel()
	one, two := 1, 2
	table := func(e cases.OutputExpectation) cases.Expectation {
		return cases.Expectation{Outputs: map[string]cases.OutputExpectation{"table": e}}
	}
	count := func(value string) cases.Expectation {
		return cases.Expectation{JSON: map[string]json.RawMessage{"count": json.RawMessage(value)}}
	}
	const at = `/job/interface/outputs/files/0: error: output "table"`
	tests := []struct {
		expect cases.Expectation
		want   string
	}{
		{table(cases.OutputExpectation{Count: &one, MinSize: 12, MaxSize: 12, Content: []byte("{\"a\": [1]}\n\n"), JSON: json.RawMessage(`{"a":[1.0]}`)}), ""},
		{table(cases.OutputExpectation{SHA256: "4BD77D2E4BF1CFE4F4DD5B3D4DEB8B6EFB1A2E1B4A6C7B6F0F6A1F0D5E8E6C11"}), at + `: "table.csv" has the SHA-256 SUM, the case expects 4BD77D2E4BF1CFE4F4DD5B3D4DEB8B6EFB1A2E1B4A6C7B6F0F6A1F0D5E8E6C11 [expected-output]`},
		{table(cases.OutputExpectation{SHA256: "SUM"}), ""},
		{table(cases.OutputExpectation{Count: &two}), at + ` has 1 file, the case expects 2 [expected-output]`},
		{table(cases.OutputExpectation{MinSize: 13}), at + `: "table.csv" has 12 bytes, the case expects 13 at least [expected-output]`},
		{table(cases.OutputExpectation{MaxSize: 11}), at + `: "table.csv" has 12 bytes, the case expects 11 at most [expected-output]`},
		{table(cases.OutputExpectation{MediaType: "image/png"}), at + `: "table.csv" looks like application/json, the case expects image/png [expected-output]`},
		{table(cases.OutputExpectation{Content: []byte("{\"a\": [1]}\nx")}), at + `: "table.csv" is not what the case expects: it differs from byte 12 on, in line 2 [expected-output]`},
		{table(cases.OutputExpectation{JSON: json.RawMessage(`{"a":[2]}`)}), at + `: "table.csv" holds {"a": [1]}, the case expects {"a":[2]} [expected-output]`},
		{count("3"), ""},
		{count("4"), `/job/interface/outputs/json/0: error: JSON output "count" is 3, the case expects 4 [expected-json]`},
		{cases.Expectation{JSON: map[string]json.RawMessage{"note": json.RawMessage(`"x"`)}}, `/job/interface/outputs/json/1: error: JSON output "note" is not there, the case expects "x" [expected-json]`},
	}
	content := "{\"a\": [1]}\n\n"
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	m := seed.Parse([]byte(strings.Replace(probed, ` "mediaType": "text/csv"`, ` "mediaType": "application/json"`, 1)))
	for _, tt := range tests {
		c := probedCase()
		c.Expect = tt.expect
		if e := c.Expect.Outputs["table"]; e.SHA256 == "SUM" {
			e.SHA256 = sum
			c.Expect.Outputs["table"] = e
		}
		o := outcome(func(o *pack.Outcome) { o.Files[1] = holding("table.csv", content) })
		got := findings(judge(newRun(m, c, prepare(m, c), secret.New(c.Secrets(m)...), o), Options{}).Diagnostics)
		if got = strings.ReplaceAll(got, sum, "SUM"); got != tt.want {
			t.Errorf("%+v:\n got %s\nwant %s", tt.expect, got, tt.want)
		}
	}
	p, refused := prepare(m, &cases.Case{}).process(pack.Config{}, m, &cases.Case{Expect: table(cases.OutputExpectation{Content: []byte{}})}, Options{})
	if refused != nil || !slices.Contains(p.Collect, "table*.csv") {
		t.Errorf("collects %q", p.Collect)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] {
			t.Errorf("rule %s is listed twice", r.ID)
		}
		seen[r.ID] = true
		if r.Summary == "" || r.Severity == diag.Unset || strings.ToLower(r.ID) != r.ID || strings.HasSuffix(r.Summary, ".") {
			t.Errorf("rule %+v", r)
		}
	}
}
