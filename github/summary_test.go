package github

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
)

// summarized returns the summary of a document.
func summarized(t *testing.T, r *Document, more map[string]string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "summary")
	env := func(name string) string {
		if name == "GITHUB_STEP_SUMMARY" {
			return file
		}
		return more[name]
	}
	if err := writeSummary(env, r, func(s string) string { return s }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documentOf returns a document in which every text of a job is the given one.
func documentOf(text string) *Document {
	digest := "sha256:" + strings.Repeat("0a", 32)
	failed := &pipeline.Image{Name: text, Manifest: text, Digest: text, Reference: text, Tags: []string{text}, Platforms: []string{text}, Smoke: text, Error: text,
		ErrorOutput: []string{text, "", text}, JobName: text, JobVersion: text, PackageVersion: text, ImageID: text, Stopped: text,
		Durations: map[string]float64{"lint": -1, "build": 1e300},
		Cases: []pipeline.CaseImage{{Platform: text, Name: text, Verdict: text, Reason: text}, {Platform: text, Name: text, Verdict: "failed", Reason: text,
			Usage: &pipeline.CaseUsage{Exit: 1, Signal: text, Seconds: 1e300, CPUSeconds: -1, Memory: -1, Files: 2, OutputBytes: -5,
				Samples: []pipeline.CaseSample{{Seconds: 1, Memory: 1}, {Seconds: 0, Memory: -1}, {Seconds: 3, Memory: 1 << 62}, {Seconds: 1e300}}},
			Declared: &pipeline.CaseDeclared{Seconds: 1e300, CPUs: -1, Memory: 1 << 62, Disk: 1},
			Captured: []pipeline.CaseOutput{{Name: text, Count: 5, Bytes: -1, Files: []pipeline.CaseFile{{Name: text, Size: -1}}}},
			Stdout:   &pipeline.CaseText{Tail: text + "\n" + text, Bytes: 5}, Stderr: &pipeline.CaseText{Tail: text, Bytes: -5}, Outputs: text}}}
	published := &pipeline.Image{Name: text, Manifest: text, Digest: digest, Published: true, JobName: text, Reference: text}
	entry := report.Entry{Rule: text, Pointer: seed.Pointer(text), Message: text, Hint: text, Fixes: []string{text}, Case: text, Line: 1, Column: 1}
	doc := &Document{Document: report.Document{Errors: 1, Warnings: 1, Notices: 1, Reports: []report.File{{Path: text}}}, Images: []*pipeline.Image{failed, published},
		Error: text, Comparisons: []*JobComparison{{Manifest: text, Comparison: &Comparison{Class: text, Old: ComparedState{Name: text}, New: ComparedState{Name: text},
			Changes: []ComparedChange{{Class: "minor", Message: text, Pointer: seed.Pointer(text)}}}}}}
	for _, level := range []diag.Severity{diag.Error, diag.Warning, diag.Notice} {
		entry.Severity = level
		doc.Reports[0].Diagnostics = append(doc.Reports[0].Diagnostics, entry)
	}
	return doc
}

var (
	ownTag       = regexp.MustCompile(`^<(/?(pre|details|summary|br)>|code title="sha256:[0-9a-f]{64}">|/code>)`)
	preformatted = regexp.MustCompile(`(?s)<pre>[^<]*</pre>`)
	// liveMark finds what begins a link, an image, emphasis, code, a mention or a heading. Our own are known.
	liveMark = regexp.MustCompile("[`_~@\\\\]|\\]\\(|!\\[|://|(?m)^ {0,3}(#|=|>|- [^❌]|\\d+[.)] )")
)

// Whatever a job says, its text is only text: no link, image, heading, tag, mention or table is made of it, and it ends nothing of
// ours.
func TestSummaryOfHostileTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"<script>x</script>", "</pre></details>\n\n# heading\n", "```\n# heading\n```", "~~~\nx", "</code>\"><img src=x>", "[x](http://evil.example)", "![pixel](http://evil.example/p.png)",
		"@everyone", "#1", "| a | b |\n|---|---|\n", "http://evil.example www.evil.example", "a\n===\n", "a\n\n> b", "<!-- x", "-->", "<![CDATA[", "]]>", "&lt;b&gt;", "\\`x\\`", "*a* _b_ ~c~ **d**",
		"\x1b[31m\u202e", "::error::x", "##[error]x", "1. x\n\n    code", "- x\n- y", "<details open><summary>", "\t\tx", "", strings.Repeat("long ", 5000), "a_b_c", "[^1]: x", ":smile:",
		"sha256:" + strings.Repeat("0", 64) + `"onmouseover="x`, "registry.example.com/x:1)[y](http://evil.example",
	} {
		got := summarized(t, documentOf(text), map[string]string{"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": text})
		if !strings.HasPrefix(got, "## Seedpack\n") {
			t.Errorf("%q: it begins with %.100q", text, got)
		}
		rest := strings.TrimPrefix(got, "## Seedpack\n")
		for at := strings.IndexByte(rest, '<'); at >= 0; {
			if !ownTag.MatchString(rest[at:]) {
				t.Errorf("%q: a tag %.60q", text, rest[at:])
			}
			next := strings.IndexByte(rest[at+1:], '<')
			if next < 0 {
				break
			}
			at += next + 1
		}
		rest = preformatted.ReplaceAllString(rest, "") // in HTML, the beginning of a line means nothing
		if m := liveMark.FindStringIndex(rest); m != nil {
			t.Errorf("%q: a mark in %q", text, rest[max(0, m[0]-60):min(len(rest), m[1]+20)])
		}
		for _, tag := range []string{"details", "code", "summary"} {
			if strings.Count(rest, "<"+tag) != strings.Count(rest, "</"+tag+">") {
				t.Errorf("%q: <%s> is not balanced", text, tag)
			}
		}
	}
}

// A summary that would be too large is cut, says so, and stays whole.
func TestSummaryIsBounded(t *testing.T) {
	t.Parallel()
	doc := documentOf("x")
	for range 12 {
		doc.Images = append(doc.Images, doc.Images...)
	}
	got := summarized(t, doc, nil)
	if len(got) > summaryMax || !regexp.MustCompile(`\n[0-9]+ more are in the log\n$`).MatchString(got) || strings.Count(got, "<details>") != strings.Count(got, "</details>") {
		t.Errorf("%d bytes, which end with %q", len(got), got[len(got)-200:])
	}
}

// The only job stands first, with its versions. Its image links to the registry's page, its digest is short, its log is linked.
func TestSummaryOfOneJob(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0a", 32)
	i := &pipeline.Image{Name: "ghcr.io/o/tiler-1.2.0-seed:1.0.3", Reference: "ghcr.io/o/tiler-1.2.0-seed:1.0.3@" + digest, Digest: digest, Published: true, Smoke: "passed",
		JobName: "tiler", JobVersion: "1.2.0", PackageVersion: "1.0.3", Durations: map[string]float64{"lint": 0.002, "build": 61},
		Cases: []pipeline.CaseImage{{Name: "one", Platform: "linux/amd64", Verdict: "passed", Declared: &pipeline.CaseDeclared{Seconds: 600, Memory: 64 << 20},
			Usage: &pipeline.CaseUsage{Seconds: 1.24, CPUSeconds: 0.9, Memory: 12 << 20, Files: 2, OutputBytes: 600054}}}}
	doc := &Document{Document: report.Document{Reports: []report.File{}}, Images: []*pipeline.Image{i}}
	got := summarized(t, doc, map[string]string{"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/jobs", "GITHUB_RUN_ID": "7", "INPUT_CHECK-RUN-ID": "9",
		"GITHUB_SHA": strings.Repeat("ab", 20)})
	want := `## Seedpack

✅ **tiler 1.2.0** (package 1.0.3): published, [ghcr.io/o/tiler-1.2.0-seed:1.0.3](https://github.com/o/jobs/pkgs/container/tiler-1.2.0-seed) <code title="` + digest + `">sha256:0a0a0a0a0a0a</code>, in 1&nbsp;min&nbsp;1&nbsp;s · no findings · [log](https://github.com/o/jobs/commit/` + strings.Repeat("ab", 20) + `/checks/9/logs)

| lint | build |
|---|---|
| ✅&nbsp;2&nbsp;ms | ✅&nbsp;1&nbsp;min&nbsp;1&nbsp;s |

<details><summary>Pull 1 image</summary>

<pre>
docker pull ghcr.io/o/tiler-1.2.0-seed:1.0.3&#64;` + digest + `
</pre>


</details>

| smoke case | platform | result | time | memory | CPU | outputs |
|---|---|---|---|---|---|---|
| one | linux/amd64 | ✅&nbsp;passed | 1.24&nbsp;s of 10&nbsp;min | 12&nbsp;MiB of 64&nbsp;MiB | 900&nbsp;ms | 2&nbsp;files, 586&nbsp;KiB |

`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The addresses of a log, with what a runner says.
func TestAddresses(t *testing.T) {
	t.Parallel()
	sha, head := strings.Repeat("ab", 20), strings.Repeat("cd", 20)
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"pull_request": {"head": {"sha": "`+head+`"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	base := []string{"GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=o/r", "GITHUB_RUN_ID=7", "GITHUB_SHA=" + sha}
	for _, tt := range []struct {
		more []string
		want string
	}{
		{nil, "https://github.com/o/r/actions/runs/7"},
		{[]string{"GITHUB_RUN_ATTEMPT=2"}, "https://github.com/o/r/actions/runs/7/attempts/2"},
		{[]string{"INPUT_CHECK-RUN-ID=9"}, "https://github.com/o/r/commit/" + sha + "/checks/9/logs"},
		{[]string{"INPUT_CHECK-RUN-ID=9", "GITHUB_EVENT_NAME=pull_request", "GITHUB_EVENT_PATH=" + event}, "https://github.com/o/r/commit/" + head + "/checks/9/logs"},
		{[]string{"INPUT_CHECK-RUN-ID=9", "GITHUB_EVENT_NAME=pull_request"}, "https://github.com/o/r/actions/runs/7/job/9"},
		{[]string{"INPUT_CHECK-RUN-ID=9)[x](", "GITHUB_RUN_ID=7"}, "https://github.com/o/r/actions/runs/7"},
		{[]string{"GITHUB_RUN_ID=7)"}, ""},
		{[]string{"GITHUB_REPOSITORY=o"}, ""},
	} {
		env := map[string]string{}
		for _, pair := range slices.Concat(base, tt.more) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		if _, got := Addresses(func(name string) string { return env[name] }); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.more, got, tt.want)
		}
	}
}

// A list shows what it listed.
func TestSummaryOfList(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "summary")
	l := &listDocument{Count: 3}
	l.Matrix.Include = append(l.Matrix.Include, listedJob{Path: "a\nb|c", Name: "x and 1 more"}, listedJob{Path: "d", Name: "<b>", JobVersion: "1.0.0", PackageVersion: "2.0.0", Reference: "r/x:2.0.0"})
	if err := writeList(func(string) string { return file }, l, func(s string) string { return s }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	const want = "## Seedpack\n\n3 jobs\n\n| job | version | package | reference | directory |\n|---|---|---|---|---|\n" +
		"| **x and 1 more** |  |  |  | a<br>b&#124;c |\n| **&lt;b&gt;** | 1.0.0 | 2.0.0 | r/x:2.0.0 | d |\n"
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s", err, text)
	}
}
