package lint

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/material"
	"github.com/seedpack/seedpack/seed"
)

// kinds are mistakes in testdata/broken/good.json: what is replaced, by what, and all findings that are no notices. Each
// mistake is one finding.
var kinds = []struct{ name, old, with, want string }{
	{"NaN", `"value": 512`, `"value": NaN`, `45:35 error json-syntax: NaN is not a JSON value: JSON has no NaN and no infinity`},
	{"infinity", `"value": 512`, `"value": -Infinity`, `45:35 error json-syntax: -Infinity is not a JSON value: JSON has no NaN and no infinity`},
	{"octal", `3600`, `03600`, `14:16 error json-syntax: "03600" is not a JSON number`},
	{"hexadecimal", `3600`, `0x10`, `14:16 error json-syntax: "0x10" is not a JSON number`},
	{"unit", `3600`, `10m`, `14:16 error json-syntax: "10m" is not a JSON number`},
	{"unit after a blank", `3600`, `10 minutes`, `14:16 error json-syntax: "10 minutes" is not a JSON number`},
	{"point", `3600`, `.5`, `14:16 error json-syntax: ".5" is not a JSON number`},
	{"plus", `3600`, `+10`, `14:16 error json-syntax: "+10" is not a JSON number`},
	{"thousands", `3600`, `3,600`, `14:16 error json-syntax: "3,600" is not a JSON number`},
	{"underscores", `3600`, `3_600`, `14:16 error json-syntax: "3_600" is not a JSON number`},
	{"too large", `3600`, `1e400`, `14:16 error json-number: number is too large, readers take it as infinite or refuse it`},
	{"large", `3600`, `1e30`, `14:16 warning integer-fraction: timeout is written 1e30, which executors with an older JSON Schema refuse: write an integer, without fraction and exponent`},
	{"undefined", `3600`, `undefined`, `14:16 error json-syntax: "undefined" is not a JSON value`},
	{"a string for an array", `["image", "cells"]`, `"image"`, `9:13 error member-type: tags is a string, must be an array`},
	{"shell operator after a misspelled variable", `${IMAGE} ${OUTPUT_DIR}`, `${IMAG} ${OUT_DIR} && echo`, "16:19 warning command-shell: command has the operator &&, but executors start the job without a shell and pass it on as text\n" +
		`16:19 warning command-undeclared: command uses "$IMAG", which no executor sets: this job has DB_HOST, DB_PASS, IMAGE, OUTPUT_DIR, SCALE, ALLOCATED_CPUS, ALLOCATED_DISK and ALLOCATED_MEM` + "\n" +
		`16:27 warning command-undeclared: command uses "$OUT_DIR", which no executor sets: this job has DB_HOST, DB_PASS, IMAGE, OUTPUT_DIR, SCALE, ALLOCATED_CPUS, ALLOCATED_DISK and ALLOCATED_MEM`},
	{"True", `"secret": true`, `"secret": True`, `39:40 error json-syntax: "True" is not a JSON value`},
	{"None", `3600`, `None`, `14:16 error json-syntax: "None" is not a JSON value`},
	{"bare text", `"Cell counter"`, `Cell counter, new`, `7:14 error json-syntax: "Cell counter, new" is not a JSON value`},
	{"no opening quote", `"Cell counter"`, `Cell counter"`, `7:14 error json-syntax: a quote is missing before this text`},
	{"no closing quote", `"Cell counter"`, `"Cell counter`, `7:14 error json-syntax: string is not closed before the end of the line`},
	{"name not closed", `"title":`, `"title:`, `7:5 error json-syntax: the name "title is not closed, a quote is missing after it`},
	{"name not opened", `"title":`, `title":`, `7:5 error json-syntax: a quote is missing before this name`},
	{"name and command", `"command": "`, `"command: "`, `16:7 error json-syntax: the name "command is not closed, a quote is missing after it`},
	{"quotes inside", `"Cell counter"`, `"The "cell" counter"`, "7:20 error json-syntax: quotes inside of a string, each should be written \\\""},
	{"quotes inside, twice", `"Cell counter"`, `"The "cell" and "tissue" counter"`, "7:20 error json-syntax: quotes inside of a string, each should be written \\\""},
	{"quote inside", `"Cell counter"`, `"A 5" counter"`, "7:18 error json-syntax: a quote inside of a string, it should be written \\\""},
	{"line break", `"Cell counter"`, "\"Cell\n counter\"", `7:14 error json-syntax: a line break in a string, it should be written \n`},
	{"line breaks", `"Cell counter"`, "\"Cell\r\n\tcounter\r\n\r\nof the lab\"", `7:14 error json-syntax: a line break in a string, it should be written \n`},
	{"tab", `"Cell counter"`, "\"Cell\tcounter\"", `7:19 error json-syntax: control character 0x09 in a string, it should be written \t`},
	{"no-break space", "\n    \"title\"", "\n\u00a0\u00a0 \u00a0\"title\"", `7:1 error json-syntax: a no-break space (U+00A0) outside of a string, which is no white space in JSON (the first of 3)`},
	{"no-break spaces in many lines", "  ", "\u00a0 ", `2:1 error json-syntax: a no-break space (U+00A0) outside of a string, which is no white space in JSON (the first of 159)`},
	{"zero-width space", `"title"`, "\u200b\"title\"", `7:5 error json-syntax: a zero-width space (U+200B) outside of a string, which is no white space in JSON`},
	{"mark in the middle", `"title"`, "\ufeff\"title\"", `7:5 error json-syntax: a byte order mark inside of the file (U+FEFF) outside of a string, which is no white space in JSON`},
	{"line separator", `"title"`, "\u2028\"title\"", `7:5 error json-syntax: a line separator (U+2028) outside of a string, which is no white space in JSON`},
	{"NUL", `"title"`, "\x00\"title\"", `7:5 error json-syntax: a character that cannot be seen (U+0000) outside of a string, which is no white space in JSON`},
	{"mixed quotes of a name", `"title":`, `'title":`, `7:5 error json-syntax: a name in two kinds of quotes, JSON has double quotes`},
	{"stray quote", `"title":`, `""title":`, `7:5 error json-syntax: a quote with nothing in it before a name`},
	{"second quote", `"title":`, `"title"":`, `7:12 error json-syntax: a second quote after this name`},
	{"second colon", `"title":`, `"title"::`, `7:13 error json-syntax: a second colon after the name of a member`},
	{"line break in a name", `"title":`, "\"ti\ntle\":", `7:5 error json-syntax: string is not closed before the end of the line`},
	{"quotes in a name", `"title":`, `"ti"t"le":`, `7:5 error json-syntax: a quote inside of a name`},
	{"number not opened", `"1.2.0"`, `1.2.0"`, `5:19 error json-syntax: a quote is missing before this text`},
	{"value not closed before a brace", `"path": "/models", "mode": "ro"`, `"path": "/models", "mode": "ro`, `35:56 error json-syntax: string is not closed before the end of the line`},
	{"brace missing", `"maintainer": {`, `"maintainer":`, `11:7 error json-syntax: a member in place of a value: is a brace missing before it?`},
	{"brace one too many", `"type": "number" }`, `"type": "number" }}`, `22:48 error json-syntax: "}" closes nothing, "[" is open`},
	{"cut", "\"tags\": [\"image\"", "\x00cut", `1:1 error json-syntax: "{" is not closed, nor is what it holds (1 more): the text ends too early`},
	{"conflict", `"timeout": 3600,`, "\n<<<<<<< HEAD\n    \"timeout\": 10,\n=======\n    \"timeout\": 20,\n>>>>>>> other", "15:1 error json-syntax: <<<<<<< is a marker of a merge conflict\n" +
		"17:1 error json-syntax: ======= is a marker of a merge conflict\n19:1 error json-syntax: >>>>>>> is a marker of a merge conflict"},
	{"conflict with base", `"timeout": 3600,`, "\n<<<<<<< a\n1\n||||||| b\n2\n=======\n3\n>>>>>>> c", "15:1 error json-syntax: <<<<<<< is a marker of a merge conflict\n" +
		"17:1 error json-syntax: ||||||| is a marker of a merge conflict\n19:1 error json-syntax: ======= is a marker of a merge conflict\n21:1 error json-syntax: >>>>>>> is a marker of a merge conflict"},
	{"conflict, one left", `"timeout": 3600,`, "\"timeout\": 3600,\n>>>>>>> other", "15:1 error json-syntax: >>>>>>> is a marker of a merge conflict"},
	{"shell template", `3600`, `${TIMEOUT}`, "14:16 error json-syntax: this is a template: \"${TIMEOUT}\" stands where JSON has a value or a member"},
	{"template", `3600`, `{{ timeout }}`, "14:16 error json-syntax: this is a template: \"{{ timeout }}\" stands where JSON has a value or a member"},
	{"templates", `3600,`, "{{ timeout | default(3600) }},\n{% if gpu %}\n\"tags\": {{ tags }},\n{% endif %}", "14:16 error json-syntax: this is a template: \"{{ timeout | default(3600) }}\" stands where JSON has a value or a member"},
	{"percent template", `3600`, `%TIMEOUT%`, "14:16 error json-syntax: this is a template: \"%TIMEOUT%\" stands where JSON has a value or a member"},
	{"at template", `3600`, `@TIMEOUT@`, "14:16 error json-syntax: this is a template: \"@TIMEOUT@\" stands where JSON has a value or a member"},
	{"required as text", `"mediaTypes": ["image/png"]`, `"required": "true"`, `19:42 error member-type: required is a string, must be a boolean`},
	{"mode", `"mode": "ro"`, `"mode": "readonly"`, `35:56 error member-value: mode is "readonly", must be "ro" or "rw"`},
	{"older member, judged", `"tags": ["image", "cells"]`, `"tag": ["image", 5]`, "9:5 error member-unknown: member \"tag\" does not exist here\n9:22 error member-type: an element of tags is an integer, must be a string"},
	{"older member, judged below", `"inputs": {`, `"inputData": {"extra": 1,`, "17:7 error member-unknown: member \"inputData\" does not exist here\n17:21 error member-unknown: member \"extra\" does not exist here"},
	{"older version", `"seedVersion": "1.0.0"`, `"seedVersion": "0.0.6"`, `2:18 error seed-version: this is a manifest of Seed 0.0.6, must be one of Seed 1.0.0: nothing but the version has to change`},
	{"older version, other member", "\"seedVersion\": \"1.0.0\",\n  \"job\": {", "\"seedVersion\": \"0.0.6\",\n  \"job\": {\"envVars\": [],", `2:18 error seed-version: this is a manifest of Seed 0.0.6, must be one of Seed 1.0.0`},
	{"tab in command", `${IMAGE} ${OUTPUT_DIR}`, `${IMAGE}\t${OUTPUT_DIR}`, `16:27 warning command-blanks: command has a tab between arguments, but executors split it at single blanks and pass wrong arguments`},
	{"blanks in command", `${IMAGE} ${OUTPUT_DIR} --scale`, ` ${IMAGE}  ${OUTPUT_DIR} --scale`, `16:19 warning command-blanks: command begins with blanks, but executors split it at single blanks and pass wrong arguments`},
	{"lone dollar", `--scale ${SCALE}`, `--scale ^${SCALE}$ --match ^a.*$`, ``},
	{"pattern of reserved names", `"*.csv"`, `"*.metadata.json"`, `28:66 warning output-pattern-reserved: pattern "*.metadata.json" matches only "a.metadata.json" and the like, which describe outputs and are never captured: name the files of the output`},
	{"pattern with a blank", `"*.csv"`, `"*.csv "`, `28:66 warning output-pattern-dialect: pattern "*.csv " has a blank at its beginning or end, which is a part of the name: remove it`},
	{"pattern at home", `"*.csv"`, `"~/*.csv"`, `28:66 warning output-pattern-dialect: pattern "~/*.csv" begins with ~, which is no home directory in a pattern: give a glob relative to OUTPUT_DIR`},
	{"old switch", `--scale ${SCALE}`, `${--scale :SCALE}`, `16:42 warning command-syntax: command has "${--scale :SCALE}", the form that Scale had before Seed for a switch and an input`},
	{"old switch with one dash", `--scale ${SCALE}`, `${-s :SCALE}`, `16:42 error command-syntax: command has "${-s :SCALE}", the form that Scale had before Seed for a switch and an input`},
	{"registered types", `"image/png"]`, `"application/geopackage+sqlite3", "application/bufr", "application/x-netcdf", "image/vnd.stac.geotiff"]`, ``},
}

// A mistake is one finding, at its place, and nothing else is said.
func TestKinds(t *testing.T) {
	t.Parallel()
	base, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		n := 1
		if k.old == "  " {
			n = -1
		}
		text := strings.Replace(string(base), k.old, k.with, n)
		if before, _, cut := strings.Cut(text, "\x00cut"); cut {
			text = before
		}
		if text == string(base) {
			t.Fatalf("%s: %q is not in the manifest", k.name, k.old)
		}
		if got := seen(Manifest("seed.manifest.json", seed.Parse([]byte(text)), Options{})); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.name, got, k.want)
		}
	}
}

// seen lists the findings that are no notices.
func seen(r *diag.Report) string {
	var all []string
	for i := range r.Diagnostics {
		if d := &r.Diagnostics[i]; d.Level() > diag.Notice {
			at := r.Source.Position(r.Place(d).Start)
			all = append(all, fmt.Sprintf("%d:%d %s %s: %s", at.Line, at.Column, d.Level(), d.Rule.ID, d.Message))
		}
	}
	return strings.Join(all, "\n")
}

// One mistake is one finding, nearly always: whatever is broken in a manifest, few findings come of it.
func TestOneCause(t *testing.T) {
	t.Parallel()
	n := 1000
	if os.Getenv("SEEDPACK_LONG") != "" {
		n = 20_000
	}
	all := bases(t)
	r := rand.New(rand.NewPCG(3, 4))
	many := map[int]int{}
	for range n {
		base := all[r.IntN(len(all))]
		b := breakages[r.IntN(len(breakages))]
		from, to, with := b.do(r, base, r.IntN(len(base)))
		text := slices.Concat(base[:from], []byte(with), base[to:])
		found := count(text) - count(base)
		many[found]++
		if found > 8 {
			t.Errorf("%s: %d findings:\n%s", b.name, found, around(text, from))
		}
	}
	several, more := 0, 0
	for found, times := range many {
		if found > 1 {
			several += times
		}
		if found > 2 {
			more += times
		}
	}
	t.Logf("of %d mistakes, %d are several findings, %d more than two", n, several, more)
	if several > n/20 || more > n/50 {
		t.Errorf("of %d mistakes, %d are several findings, %d more than two", n, several, more)
	}
}

func count(text []byte) int {
	r := Manifest("it", seed.Parse(text), Options{})
	return r.Count(diag.Error) + r.Count(diag.Warning)
}

// wholes are texts that are wrong as a whole, with the one finding on each.
var wholes = []struct{ name, text, want string }{
	{"label", `{\"seedVersion\": \"1.0.0\", \"job\": {}}`, "1:2 error json-syntax: this is the text of a label, with its quotes escaped, and not the JSON itself"},
	{"label, twice escaped", `{\\\"seedVersion\\\": \\\"1.0.0\\\"}`, "1:2 error json-syntax: this is the text of a label, with its quotes escaped, and not the JSON itself"},
	{"label in quotes", `"{\"seedVersion\": \"1.0.0\", \"job\": {}}"`, "1:1 error member-type: the manifest is the text of a string, as in a label, but it should be the JSON itself"},
	{"label with its quotes as code points", `{\u0022seedVersion\u0022: \u00221.0.0\u0022, \u0022job\u0022: {\u0022command\u0022: \u0022${A}\u0022}}`, "1:2 error json-syntax: this is the text of a label, with its quotes escaped, and not the JSON itself"},
	{"label over lines", "{ \\\n  \\\"seedVersion\\\": \\\"1.0.0\\\", \\\n  \\\"job\\\": {} \\\n}", "1:3 error json-syntax: this is the text of a label, with its quotes escaped, and not the JSON itself"},
	{"a web page's text", `{&quot;seedVersion&quot;: &quot;1.0.0&quot;, &quot;job&quot;: {}}`, "1:1 error json-syntax: this is the text of a web page, with its quotes escaped, and not the JSON itself"},
	{"a URL's text", `%7B%22seedVersion%22%3A%20%221.0.0%22%7D`, "1:1 error json-syntax: this is the text of a URL, with its characters escaped, and not the JSON itself"},
	{"Base64", "eyJzZWVkVmVyc2lvbiI6ICIxLjAuMCIsICJqb2IiOiB7Im5hbWUiOiAiYSJ9fQ==\n", "1:1 error json-syntax: file is Base64, there should be the JSON that it stands for"},
	{"labels of an image", `{"com.ngageoint.seed.manifest": "{\"seedVersion\": \"1.0.0\", \"job\": {}}"}`, `1:2 error member-unknown: the manifest is the text of the member "com.ngageoint.seed.manifest", but it should be the whole document`},
	{"docker inspect", `[{"Config": {"Labels": {"com.ngageoint.seed.manifest": "{\"seedVersion\": \"1.0.0\", \"job\": {}}"}}}]`,
		`1:25 error member-unknown: the manifest is the text of the member "0.Config.Labels.com.ngageoint.seed.manifest", but it should be the whole document`},
	{"wrapped deeper", `{"data": {"items": [{"seedVersion": "1.0.0", "job": {}}]}}`, `1:21 error member-unknown: the manifest is the value of the member "data.items.0", but it should be the whole document`},
	{"a job in a job", `{"seedVersion": "1.0.0", "job": {"job": {"name": "a"}}}`, `1:34 error member-unknown: "job" is within another "job", but the members of the job belong into the outer one`},
	{"flattened beside an empty job", `{"seedVersion": "1.0.0", "job": {}, "name": "a", "jobVersion": "1.0.0", "timeout": 10}`, `1:1 error member-missing: the members of the job stand at the root, but they belong into a member "job"`},
	{"package.json", `{"name": "a", "version": "1.0.0", "dependencies": {}}`, `1:1 error member-missing: this looks like a package.json, and not like a manifest: it has neither "seedVersion" nor "job"`},
	{"STAC", `{"type": "Feature", "stac_version": "1.0.0", "id": "x"}`, `1:1 error member-missing: this looks like a STAC document, and not like a manifest: it has neither "seedVersion" nor "job"`},
	{"other JSON", `{"a": 1}`, `1:1 error member-missing: this is no manifest: it has neither "seedVersion" nor "job"`},
	{"a link", "../common/seed.manifest.json\n", "1:1 error json-syntax: file holds a path, and not JSON"},
	{"git-annex", "/annex/objects/SHA256E-s1--x.json\n", "1:1 error json-syntax: file is a pointer of git-annex, and not the file itself"},
	{"a patch", "--- a/seed.manifest.json\n+++ b/seed.manifest.json\n@@ -1 +1 @@\n", "1:1 error json-syntax: file is a patch, there should be the file itself"},
	{"added lines", "+{\n+  \"seedVersion\": \"1.0.0\"\n+}\n", "1:1 error json-syntax: file is a patch, there should be the file itself"},
	{"numbered lines", "1: {\n2:   \"seedVersion\": \"1.0.0\"\n3: }\n", "1:1 error json-syntax: each line begins with its number, there should be JSON alone"},
	{"Dockerfile", "# syntax=docker/dockerfile:1\nFROM alpine:3.19\nENTRYPOINT [\"/x\"]\n", "1:1 error json-syntax: file is a Dockerfile, there should be a JSON object"},
	{"CSV", "name,jobVersion\nndvi,1.0.0\n", `1:1 error json-syntax: file is no JSON: it begins with "name,jobVersion", there should be a JSON object`},
	{"an error", "404: Not Found", `1:1 error json-syntax: file is no JSON: it begins with "404: Not Found", there should be a JSON object`},
	{"a word", "Not Found", `1:1 error json-syntax: file is no JSON: it begins with "Not Found", there should be a JSON object`},
	{"INI", "; a comment\n[job]\nname = x\n", "1:1 error json-syntax: file is no JSON: it looks like TOML or a list of variables, there should be a JSON object"},
	{"PHP", "<?php\nreturn [];", "1:1 error json-syntax: file is PHP, there should be a JSON object"},
	{"tar", "seed.manifest.json" + strings.Repeat("\x00", 239) + "ustar\x00", "1:1 error json-syntax: file is a tar archive, there should be a JSON object"},
	{"zeros", strings.Repeat("\x00", 500), "1:1 error json-syntax: file has nothing but zero bytes, there should be a JSON object"},
	{"SQLite", "SQLite format 3\x00\x01", "1:1 error json-syntax: file is an SQLite database, there should be a JSON object"},
	{"two documents, the second broken", "{\"seedVersion\": \"1.0.0\", \"job\": {\"name\": \"a\"}}\n{\"job\": ", "2:1 error json-syntax: a second document begins here, but a file holds one"},
	{"marks of jj", "{\n<<<<<<< Conflict 1 of 1\n%%%%%%% Changes\n-1\n+++++++ Contents\n2\n>>>>>>> ends\n}", "2:1 error json-syntax: <<<<<<< is a marker of a merge conflict\n3:1 error json-syntax: %%%%%%% is a marker of a merge conflict\n" +
		"5:1 error json-syntax: +++++++ is a marker of a merge conflict\n7:1 error json-syntax: >>>>>>> is a marker of a merge conflict"},
	{"number sign template", `{"seedVersion": #{version}, "job": {}}`, "1:17 error json-syntax: this is a template: \"#{version}\" stands where JSON has a value or a member"},
	{"marks of an encoding, twice", "\ufeff\ufeff{\"a\": 1}", "1:1 error json-encoding: file starts with a byte order mark, which JSON does not have\n" + `1:1 error member-missing: this is no manifest: it has neither "seedVersion" nor "job"`},
	{"LABEL", `LABEL com.ngageoint.seed.manifest="{\"seedVersion\": \"1.0.0\"}"`, "1:1 error json-syntax: this is a LABEL of a Dockerfile, but a file holds the JSON alone"},
	{"wrapped", `{"image": "x", "manifest": {"seedVersion": "1.0.0", "job": {}}}`, `1:16 error member-unknown: the manifest is the value of the member "manifest", but it should be the whole document`},
	{"wrapped otherwise", `{"jobType": {"seedVersion": "1.0.0", "job": {}}}`, `1:2 error member-unknown: the manifest is the value of the member "jobType", but it should be the whole document`},
	{"flattened", `{"seedVersion": "1.0.0", "name": "a", "jobVersion": "1.0.0", "timeout": 10}`, `1:1 error member-missing: the members of the job stand at the root, but they belong into a member "job"`},
	{"YAML", "seedVersion: 1.0.0\njob:\n  name: a\n", "1:1 error json-syntax: file is YAML, there should be a JSON object"},
	{"YAML with a comment", "# a job\n---\njob:\n  name: a\n", "1:1 error json-syntax: file is YAML, there should be a JSON object"},
	{"TOML", "[job]\nname = \"a\"\n", "1:1 error json-syntax: file is no JSON: it looks like TOML or a list of variables, there should be a JSON object"},
	{"XML", "<?xml version=\"1.0\"?>\n<job/>\n", "1:1 error json-syntax: file is XML, there should be a JSON object"},
	{"HTML", "<!DOCTYPE html>\n<html></html>\n", "1:1 error json-syntax: file is HTML, there should be a JSON object"},
	{"UTF-16 with a mark", "\xff\xfe{\x00}\x00", "1:1 error json-encoding: file is UTF-16, JSON is UTF-8"},
	{"UTF-16 without a mark", "{\x00\"\x00a\x00\"\x00", "1:1 error json-encoding: file is UTF-16, JSON is UTF-8"},
	{"UTF-16, big end first", "\x00{\x00\"\x00a\x00\"", "1:1 error json-encoding: file is UTF-16, JSON is UTF-8"},
	{"gzip", "\x1f\x8b\x08\x00\x00", "1:1 error json-syntax: file is gzip, there should be a JSON object"},
	{"git-lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "1:1 error json-syntax: file is a pointer of Git LFS, and not the file itself"},
	{"two documents", "{\"seedVersion\": \"1.0.0\"}\n{\"job\": {}}\n", "2:1 error json-syntax: a second document begins here, but a file holds one"},
	{"no braces", "\"seedVersion\": \"1.0.0\",\n\"job\": {}\n", "1:1 error json-syntax: a member outside of an object: the braces around the members are missing"},
	{"JobPack", `{"manifestVersion": "0.1.0", "jobs": [{"name": "a"}]}`, "1:30 error seed-version: this is a manifest of Seed 0.0.1, must be one of Seed 1.0.0, which holds one job"},
	{"array", `[{"name": "a", "cpus_required": 1}]`, "1:1 error seed-version: this is a manifest of JobPack, must be one of Seed 1.0.0"},
	{"only element of an array", `[{"seedVersion": "1.0.0", "job": {"name": "A"}}]`, "1:1 error member-type: the manifest is the only element of an array, but it should be the whole document"},
	{"array of manifests", `[{"seedVersion": "1.0.0", "job": {}}, {"seedVersion": "1.0.0", "job": {}}]`, "1:1 error member-type: an array of 2 elements, but a file holds one manifest"},
	{"manifestVersion", `{"manifestVersion": "0.0.3", "job": {"name": "a"}}`, "1:21 error seed-version: this is a manifest of Seed 0.0.3, must be one of Seed 1.0.0"},
}

func TestWholes(t *testing.T) {
	t.Parallel()
	for _, w := range wholes {
		if got := seen(Manifest("seed.manifest.json", seed.Parse([]byte(w.text)), Options{})); got != w.want {
			t.Errorf("%s:\n got %s\nwant %s", w.name, got, w.want)
		}
	}
}

// A label that was pasted into a file is fixed by taking the escapes away.
func TestUnescape(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", "")
	text := string(good)
	for depth := range 3 {
		text = escape.Replace(text)
		for _, with := range []string{text, `"` + text + `"`, "LABEL com.ngageoint.seed.manifest=\"" + text + "\""} {
			if depth == 0 && with[0] == '"' {
				continue // that is JSON
			}
			fixed := Fix("it", []byte(with), Options{}, diag.Policy{}, false)
			if want := strings.ReplaceAll(string(good), "\n", "") + "\n"; string(fixed.Text) != want {
				t.Errorf("depth %d:\n%s\nis fixed to\n%s", depth+1, with, fixed.Text)
			}
		}
	}
}

// Each case of the shared material has its verdict, and the one finding at its place.
func TestSharedCases(t *testing.T) {
	t.Parallel()
	dir := material.Dir(t, "cases", "lint")
	index, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ ID, Expect, At, Why string }
	if err := json.Unmarshal(index, &cases); err != nil {
		t.Fatal(err)
	}
	silent := []string{"fix-secret-false", "false-lone-dollar", "false-unregistered"}
	for _, c := range cases {
		text, err := os.ReadFile(filepath.Join(dir, c.ID, "seed.manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		r := Manifest("seed.manifest.json", seed.Parse(text), Options{})
		if got := r.Count(diag.Error) == 0; got != (c.Expect == "clean") {
			t.Errorf("%s: %s: %s", c.ID, c.Why, said(r))
		}
		at := slices.ContainsFunc(r.Diagnostics, func(d diag.Diagnostic) bool {
			p := r.Source.Position(r.Place(&d).Start)
			return string(d.Pointer) == c.At || fmt.Sprintf("%d:%d", p.Line, p.Column) == c.At
		})
		if at == slices.Contains(silent, c.ID) {
			t.Errorf("%s: a finding at %s is %v: %s\n%s", c.ID, c.At, at, c.Why, said(r))
		}
		most := map[string]int{"broken-merge-conflict": 3, "hint-resource-cpu": 2}
		if n := len(r.Diagnostics); n > max(1, most[c.ID]) {
			t.Errorf("%s: %d findings: %s", c.ID, n, said(r))
		}
	}
}
