package cases

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

const updated = `{"job": {"name": "u", "interface": {
"inputs": {"json": [{"name": "N", "type": "integer", "required": false}]},
"outputs": {"files": [{"name": "table", "pattern": "*.csv"}, {"name": "tiles", "pattern": "*.png", "multiple": true, "required": false}],
	"json": [{"name": "count", "type": "integer"}, {"name": "note", "type": "string", "required": false}]}}}}`

const sum = "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed"

// leftOne is what two runs left that agree.
func leftOne(name string) Left {
	return Left{Case: name,
		Outputs: []LeftOutput{{Name: "table", Count: 1, MinSize: 4, MaxSize: 4, MediaType: "text/csv", SHA256: sum, Content: []byte("1,2\n")}, {Name: "tiles"}},
		JSON:    []LeftJSON{{Name: "count", Value: []byte(" 3 ")}, {Name: "note", Value: []byte(`"caf\u00e9: \"x\""`)}}}
}

// differing is what runs left that do not agree.
func differing(name string) Left {
	return Left{Case: name,
		Outputs: []LeftOutput{{Name: "table", Count: 1, MinSize: 10, MaxSize: 12, MediaType: "text/csv"}, {Name: "tiles", CountDiffers: true, Count: 2, MinSize: 7, MaxSize: 9}},
		JSON:    []LeftJSON{{Name: "count", Value: []byte("3"), Differs: true}, {Name: "note"}}}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, old, want string
		left            func(string) Left
		notes           []string
	}{
		{"a case without expectations", `# What is tried.
cases:
  # the first
  - name: first # of all
    json: {N: 1}

  - name: second # is failing
    json:
        N: 2
# the end
`, `# What is tried.
cases:
  # the first
  - name: first # of all
    json: {N: 1}
    expect:
      outputs:
        table:
          count: 1
          min-size: 4
          max-size: 4
          media-type: text/csv
          sha256: ` + sum + `
        tiles:
          count: 0
      json:
        count: 3
        note: "café: \"x\""

  - name: second # is failing
    json:
        N: 2
# the end
`, func(name string) Left {
			if name == "second" {
				return Left{Case: name, Skipped: "it failed, see above"}
			}
			return leftOne(name)
		}, []string{`case "second" stays as it is: it failed, see above`}},
		{"flow style", `cases: [{name: first, json: {N: 1}}, {name: "b", expect: {stdout: "a}b", outputs: {}}}] # all`,
			`cases: [{name: first, json: {N: 1}, expect: { outputs: { table: { count: 1, min-size: 4, max-size: 4, media-type: text/csv, sha256: ` + sum + ` } } }}, {name: "b", expect: {stdout: "a}b", outputs: {}}}] # all`,
			nil, nil},
		{"what does not hold", `cases:
  - expect: # of it
      json: { note: old, "count": 4 } # values
      outputs:
        table: { count: 2, min-size: 1, media-type: "application/json" } # one
        tiles:
          # none
          count: 3 # three

          min-size: 4
      stdout: ^done
    name: first
`, `cases:
  - expect: # of it
      json: { note: "café: \"x\"", "count": 3 } # values
      outputs:
        table: { count: 1, min-size: 1, media-type: text/csv, sha256: ` + sum + ` } # one
        tiles:
          # none
          count: 0 # three

          min-size: 4
      stdout: ^done
    name: first
`, leftOne, nil},
		{"what differs between runs", `cases:
- name: first
  expect:
    json:
      count: 4
    outputs:
      table:
        sha256: ` + sum + ` # the digest
        max-size: 100
      tiles: {count: 2, media-type: image/png}
`, `cases:
- name: first
  expect:
    json: {}
    outputs:
      table:
        max-size: 100
        count: 1
        media-type: text/csv
      tiles: {min-size: 3, max-size: 18}
`, differing, []string{
			`case "first": sha256 of output "table" is no longer expected: it differs between files or runs`,
			`case "first": count of output "tiles" is no longer expected: it differs between files or runs`,
			`case "first": media-type of output "tiles" is no longer expected: it differs between files or runs`,
			`case "first": the value of JSON output "count" is no longer expected: it differs between runs`}},
		{"new, and differs between runs", "cases:\r\n  - name: first\r\n", "cases:\r\n  - name: first\r\n    expect:\r\n      outputs:\r\n        table:\r\n          count: 1\r\n          min-size: 5\r\n" +
			"          max-size: 24\r\n          media-type: text/csv\r\n        tiles:\r\n          min-size: 3\r\n          max-size: 18\r\n", differing,
			[]string{`case "first": the value of JSON output "count" differs between runs`}},
		{"aliases", "cases:\n  - name: first\n    expect: &e {exit: 0}\n  - name: second\n    expect: *e\n", "cases:\n  - name: first\n    expect: &e {exit: 0}\n  - name: second\n    expect: *e\n", leftOne,
			[]string{`case "first" stays as it is: its expectations cannot be changed by a program: it uses anchors, aliases, tags or values over several lines`,
				`case "second" stays as it is: its expectations cannot be changed by a program: it uses anchors, aliases, tags or values over several lines`}},
	} {
		m := seed.Parse([]byte(updated))
		all, found := Read("seed.smoke.yaml", []byte(tt.old), m, os.Getenv)
		if len(found.Diagnostics) > 0 {
			t.Fatalf("%s: %v", tt.name, found.Diagnostics[0].Message)
		}
		var left []Left
		for i, c := range all {
			switch {
			case tt.left != nil:
				left = append(left, tt.left(c.Name))
			case i == 0:
				left = append(left, leftOne(c.Name))
				left[0].Outputs, left[0].JSON = left[0].Outputs[:1], nil
			default:
				left = append(left, Left{Case: c.Name})
			}
		}
		got, err := Update("seed.smoke.yaml", []byte(tt.old), m, os.Getenv, left)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if string(got.Text) != tt.want || strings.Join(got.Notes, "\n") != strings.Join(tt.notes, "\n") {
			t.Errorf("%s:\n got %s\n%q\nwant %s", tt.name, got.Text, got.Notes, tt.want)
		}
		again, err := Update("seed.smoke.yaml", got.Text, m, os.Getenv, left)
		if err != nil || string(again.Text) != string(got.Text) {
			t.Errorf("%s: a second update changes something: %v\n%s", tt.name, err, again.Text)
		}
	}
}

// A file with the expected content is the author's way, which stays.
func TestUpdateFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, File)
	if err := os.WriteFile(filepath.Join(dir, "want.csv"), []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const text = "cases:\n  - name: first\n    expect: {outputs: {table: {count: 1, file: want.csv, min-size: 1, media-type: text/csv}}}\n"
	m := seed.Parse([]byte(updated))
	left := leftOne("first")
	left.Outputs, left.JSON = left.Outputs[:1], nil
	got, err := Update(path, []byte(text), m, os.Getenv, []Left{left})
	if err != nil || string(got.Text) != text || fmt.Sprintf("%s", got.Files) != "[{want.csv old\n 1,2\n}]" {
		t.Errorf("%v: %s %s", err, got.Text, got.Files)
	}
	if _, err := Update(path, []byte(text), m, os.Getenv, nil); err == nil || !strings.Contains(err.Error(), "has changed during the runs") {
		t.Errorf("of other cases: %v", err)
	}
}

// Whatever the style of a file is: its comments stay, in their order, and so do all other members. The new expectations hold.
func TestUpdateKeeps(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(updated))
	comment := regexp.MustCompile(`# c\d+`)
	for n := range uint64(200) {
		text, cases := randomSmokeFile(rand.New(rand.NewPCG(n, 1)))
		all, found := Read(File, []byte(text), m, os.Getenv)
		if len(found.Diagnostics) > 0 || len(all) != cases {
			t.Fatalf("%d: %v\n%s", n, found.Diagnostics, text)
		}
		var left []Left
		for i, c := range all {
			left = append(left, []func(string) Left{leftOne, differing}[(int(n)+i)%2](c.Name))
		}
		got, err := Update(File, []byte(text), m, os.Getenv, left)
		if err != nil {
			t.Fatalf("%d: %v\n%s", n, err, text)
		}
		for _, note := range got.Notes {
			if strings.Contains(note, "stays as it is") {
				t.Fatalf("%d: %s\n%s", n, note, text)
			}
		}
		// A comment behind a member that is removed goes with it.
		kept, before := comment.FindAllString(string(got.Text), -1), comment.FindAllString(text, -1)
		at := 0
		for _, c := range before {
			if at < len(kept) && kept[at] == c {
				at++
			}
		}
		if at != len(kept) || len(got.Notes) == 0 && len(kept) != len(before) {
			t.Fatalf("%d: comments %q became %q\n%s\n%s", n, before, kept, text, got.Text)
		}
		after, _ := Read(File, got.Text, m, os.Getenv)
		for i, c := range after {
			if want := (int(n) + i) % 2; want == 0 && (string(c.Expect.JSON["count"]) != "3" || *c.Expect.Outputs["table"].Count != 1 || c.Expect.Outputs["table"].SHA256 != sum) ||
				want == 1 && (c.Expect.JSON["count"] != nil || c.Expect.Outputs["table"].SHA256 != "") {
				t.Fatalf("%d, case %d: %+v\n%s\n%s", n, i, c.Expect, text, got.Text)
			}
		}
	}
}

// randomSmokeFile writes some cases in any style, with comments and expectations of which some hold.
func randomSmokeFile(r *rand.Rand) (text string, cases int) {
	var b strings.Builder
	comments, indent := 0, strings.Repeat(" ", r.IntN(4))
	note := func() string {
		if comments++; r.IntN(3) > 0 {
			return ""
		}
		return fmt.Sprintf(" # c%d", comments)
	}
	line := func(depth int, text string) {
		if r.IntN(6) == 0 {
			comments++
			fmt.Fprintf(&b, "%s# c%d\n", strings.Repeat(" ", r.IntN(9)), comments)
		}
		fmt.Fprintf(&b, "%s%s%s\n", indent+strings.Repeat("  ", depth), text, note())
	}
	b.WriteString("cases:" + note() + "\n")
	for cases = range 1 + r.IntN(3) {
		line(0, "- name: "+[]string{"case %d", "'case, %d'", `"case # %d"`}[r.IntN(3)])
		text := b.String()
		b.Reset()
		b.WriteString(strings.ReplaceAll(text, "%d", fmt.Sprint(cases)))
		if r.IntN(2) == 0 {
			line(1, "json: {N: 1}")
		}
		switch r.IntN(4) {
		case 0:
			line(1, "expect: { outputs: { table: { count: 2 , sha256: "+strings.Repeat("a", 64)+" } }, json: {count: 7}, stdout: \"}#'\" }")
		case 1:
			line(1, "expect:")
			line(2, "stdout: it's")
			line(2, "outputs:")
			line(3, "table:")
			line(4, "sha256: "+strings.Repeat("b", 64))
			line(4, "max-size: 1000")
			line(2, "json: { note: 'it''s', count: 7 }")
		case 2:
			line(1, "expect:")
			line(2, "json:")
			line(3, "count: 7")
			line(2, "outputs: { tiles: {count: 0}, table: {sha256: '"+strings.Repeat("c", 64)+"'} }")
		}
		if r.IntN(2) == 0 {
			line(1, "timeout: 5")
		}
		if r.IntN(3) == 0 {
			b.WriteString("\n")
		}
	}
	return b.String(), cases + 1
}
