package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// brokenManifests are copies of testdata/broken/good.json with one fault each, and the first finding on each.
var brokenManifests = map[string]string{
	"brace-early":        `9:31 error: "}" closes the "{" on line 3, which goes on below [json-syntax]`,
	"brace-unclosed":     `10:19 error: "{" is not closed before line 14, which is indented as what is around it [json-syntax]`,
	"bracket-unclosed":   `21:17 error: "[" is not closed before the "}" on line 24 [json-syntax]`,
	"bracket-wrong":      `9:30 error: "}" closes the "[" on line 9, it should be "]" [json-syntax]`,
	"byte-order-mark":    `1:1 error: file starts with a byte order mark, which JSON does not have [json-encoding]`,
	"colon-missing":      `7:12 error: a colon is missing after this name [json-syntax]`,
	"comma-doubled":      `9:22 error: a comma with nothing before it [json-syntax]`,
	"comma-missing":      `14:20 error: a comma is missing after this value [json-syntax]`,
	"comma-trailing":     `12:33 error: a comma before "}", where nothing follows [json-syntax]`,
	"command-brace":      `16:50 error: Bash cannot read command: "${" is not closed by "}" [command-syntax]`,
	"command-secret":     `16:49 warning: command holds the secret "DB_PASS", which executors print or pass as asterisks [command-secret]`,
	"command-undeclared": `16:50 warning: command uses "$SIZE", which no executor sets: this job has DB_HOST, DB_PASS, IMAGE, OUTPUT_DIR, SCALE, ALLOCATED_CPUS, ALLOCATED_DISK and ALLOCATED_MEM [command-undeclared]`,
	"comment-block":      `49:5 error: a comment, which JSON does not have [json-syntax]`,
	"comment-line":       `14:22 error: a comment, which JSON does not have [json-syntax]`,
	"control-character":  `8:53 error: control character 0x09 in a string, it should be written \t [json-syntax]`,
	"crlf-and-letters":   `8:52 error: a string in single quotes, JSON has double quotes [json-syntax]`,
	"depth":              `9:14 error: an element of tags is an array, must be a string [member-type]`,
	"equals":             `7:13 error: "=" after the name of a member, there should be a colon [json-syntax]`,
	"error-twice":        `51:29 error: error name "bad-image" is already used on line 50: executors know an error by its name and refuse the job [error-name-unique]`,
	"escape-unknown":     `27:69 error: "\\d" is not an escape sequence [json-syntax]`,
	"latin-1":            `11:18 error: byte 0xeb is no UTF-8, JSON is UTF-8 [json-encoding]`,
	"media-type":         `28:43 error: media type "csv" is not of the form type/subtype, as in "image/png" [media-type]`,
	"member-missing":     `10:19 error: member "email" is missing, it is required here [member-missing]`,
	"member-misspelt":    `19:30 error: member "mediaType" does not exist here [member-unknown]`,
	"member-older":       `5:5 error: member "algorithmVersion" does not exist here [member-unknown]`,
	"member-twice":       `15:5 error: member "title" is already on line 7, a name should be there once [json-duplicate]`,
	"mount-relative":     `35:37 error: mount path "models" is not absolute, so that no executor can mount it: begin with a slash [mount-path-absolute]`,
	"mount-system":       `35:37 warning: mount path "/usr" hides what the image has there and needs to run: mount below another directory [mount-path-system]`,
	"name-collision":     `38:19 error: setting "image" gives the variable "IMAGE", which input "IMAGE" on line 19 gives too: one of the two would be lost, so choose another [variable-unique]`,
	"name-plus":          `6:29 error: packageVersion "1.0.3+7" has a +, which the image name "cell-count-1.2.0-seed:1.0.3+7" cannot have [image-name-plus]`,
	"name-reserved":      `38:19 error: setting "output-dir" gives the variable "OUTPUT_DIR", which the executor sets itself: choose another name [variable-reserved]`,
	"name-upper-case":    `4:13 error: name "Cell-Count" has upper-case letters, which the repository name "Cell-Count-1.2.0-seed" cannot have [image-name-lowercase]`,
	"number-large":       `45:35 error: number is too large, readers take it as infinite or refuse it [json-number]`,
	"number":             `14:16 error: "03600" is not a JSON number [json-syntax]`,
	"pattern-absolute":   `28:66 error: pattern "/out/*.csv" is absolute, but is taken relative to OUTPUT_DIR: give a glob relative to OUTPUT_DIR [output-pattern]`,
	"pattern-overlap":    `28:66 warning: pattern "*" and "*_marked.png" on line 27 both match "_marked.png": executors give such a file to one of them only, so make one narrower [output-pattern-overlap]`,
	"quotes-none":        `14:5 error: "timeout" is a name without quotes, names are written in double quotes [json-syntax]`,
	"quotes-single":      `7:14 error: a string in single quotes, JSON has double quotes [json-syntax]`,
	"quotes-typographic": `7:14 error: a string in typographic quotes, JSON has straight ones [json-syntax]`,
	"resource-bytes":     `45:35 warning: "mem" is 536870912, which looks like bytes or KiB: it is in MiB, so no executor has that much [resource-bytes]`,
	"resource-negative":  `45:35 error: value of "mem" is -512, but an amount cannot be negative [resource-negative]`,
	"resource-spelling":  `44:19 warning: resource "CPUS" is not "cpus", which has a meaning to executors: this one has none [resource-name-case]`,
	"string-unclosed":    `7:14 error: string is not closed before the end of the line [json-syntax]`,
	"text-after":         `55:1 error: a second document begins here, but a file holds one [json-syntax]`,
	"text-cut":           `1:1 error: "{" is not closed, nor is what it holds (2 more): the text ends too early [json-syntax]`,
	"timeout-zero":       `14:16 error: timeout is 0, which Scale takes for no limit, while other executors end the job at once: give seconds more than 0 [timeout-positive]`,
	"type-wrong":         `14:16 error: timeout is a string, must be an integer [member-type]`,
	"utf-16":             `1:1 error: file is UTF-16, JSON is UTF-8 [json-encoding]`,
	"value-missing":      `14:16 error: a value is missing [json-syntax]`,
	"value-wrong":        `35:56 error: mode is "read-only", must be "ro" or "rw" [member-value]`,
	"version":            `5:19 error: version "1.2" must be a semantic version, MAJOR.MINOR.PATCH [member-value]`,
	"word":               `39:40 error: "True" is not a JSON value [json-syntax]`,
}

// The first finding on a broken manifest names the fault, at its exact place.
func TestBroken(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/broken/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(brokenManifests)+1 {
		t.Errorf("%d files, but %d rows and the one without a fault", len(files), len(brokenManifests))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if got := first(Manifest(file, seed.Parse(text), Options{})); got != brokenManifests[name] {
			t.Errorf("%s:\n got %s\nwant %s", name, got, brokenManifests[name])
		}
	}
}

// first returns the first diagnostic that is not a notice, with its place.
func first(r *diag.Report) string {
	for i := range r.Diagnostics {
		if d := &r.Diagnostics[i]; d.Level() > diag.Notice {
			at := r.Source.Position(r.Place(d).Start)
			return fmt.Sprintf("%d:%d %s: %s [%s]", at.Line, at.Column, d.Level(), d.Message, d.Rule.ID)
		}
	}
	return ""
}
