package lint

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// lineKinds are mistakes on one or more lines of testdata/broken/good.json, as otherKinds has them.
var lineKinds = []otherKind{
	{"several comments", `"timeout": 3600,`, "// a limit\n    \"timeout\": 3600, # in seconds\n    /* of the wall */", `14:5 error json-syntax: a comment, which JSON does not have (the first of 3)`, `"timeout": 3600,`},
	{"a comma in a comment", `3600,`, `3600 // seconds,`, `14:21 error json-syntax: a comment, which JSON does not have, and the comma of the value before it is at its end`, `3600,`},
	{"a comma in a comment without a blank", `3600,`, `3600/* seconds */ // or so,`, `14:20 error json-syntax: a comment, which JSON does not have (the first of 2)`, `3600,`},
	{"single quotes over lines", `"Cell counter"`, "'Cell\n and \"tissue\"\r\n of the lab''s'", `7:14 error json-syntax: a string over several lines in single quotes, JSON has one line in double quotes`, `"Cell\n and \"tissue\"\n of the lab's"`},
	{"single quotes over joined lines", `"Cell counter"`, "'Cell \\\ncounter'", `7:14 error json-syntax: a string over several lines in single quotes, JSON has one line in double quotes`, `"Cell counter"`},
	{"back quotes over lines", `"Cell counter"`, "`Cell\n\tcounter`", `7:14 error json-syntax: a string over several lines in back quotes, JSON has one line in double quotes`, `"Cell\n\tcounter"`},
	{"a path of Windows", `"Cell counter"`, `"C:\data\in\x"`, `7:17 error json-syntax: "\\d" is not an escape sequence (the first of 3 in this string)`, `"C:\\data\\in\\x"`},
	{"a path of Windows with an escape sequence", `"Cell counter"`, `"C:\new\data"`, `7:21 error json-syntax: "\\d" is not an escape sequence`, ""},
	{"quotes escaped for a shell", `"Cell counter"`, `"Ada\'s and Bob\'s"`, `7:18 error json-syntax: "\\'" is not an escape sequence (the first of 2 in this string)`, `"Ada's and Bob's"`},
	{"tabs", `"Cell counter"`, "\"Cell\tcounter\tof the lab\"", `7:19 error json-syntax: control character 0x09 in a string, it should be written \t (the first of 2)`, `"Cell\tcounter\tof the lab"`},
	{"a hash of Ruby", `"mode": "ro"`, `:mode => :ro`, "35:48 error json-syntax: \":mode =>\" begins a member in other languages, JSON has a name in double quotes and a colon\n" +
		`35:57 error json-syntax: ":ro" is not a JSON value`, `"mode" : "ro"`},
	{"a hash of Perl", `"timeout": 3600`, `timeout => 3600`, `14:5 error json-syntax: "timeout =>" begins a member in other languages, JSON has a name in double quotes and a colon`, `"timeout" : 3600`},
	{"a table of Lua", `"timeout": 3600`, `timeout = 3600`, `14:5 error json-syntax: "timeout =" begins a member in other languages, JSON has a name in double quotes and a colon`, `"timeout" : 3600`},
	{"a parameter of SQL", `3600`, `:TIMEOUT`, `14:16 error json-syntax: ":TIMEOUT" is not a JSON value`, ""},
	{"a string that begins with a colon", `"image", "cells"`, `"image", :cells"`, `9:23 error json-syntax: a quote is missing before this text`, `"image", ":cells"`},
	{"template of GitHub", `3600`, `${{ env.TIMEOUT }}`, "14:16 error json-syntax: this is a template: \"${{ env.TIMEOUT }}\" stands where JSON has a value or a member", ""},
	{"template in braces", `3600`, `{TIMEOUT}`, "14:16 error json-syntax: this is a template: \"{TIMEOUT}\" stands where JSON has a value or a member", ""},
	{"template in brackets", `3600`, `[[ TIMEOUT ]]`, "14:16 error json-syntax: this is a template: \"[[ TIMEOUT ]]\" stands where JSON has a value or a member", ""},
	{"remark of a template", `"timeout": 3600,`, `{# seconds #}"timeout": 3600,`, "14:5 error json-syntax: this is a template: \"{# seconds #}\" stands where JSON has a value or a member", ""},
	{"brace gone with its comma", "\"email\": \"ada@example.com\"\n    },", "\"email\": \"ada@example.com\"\n", `10:19 error json-syntax: "{" is not closed before line 14, which is indented as what is around it`, ""},
	{"two braces for one", `"job": {`, `"job": {{`, `3:11 error json-syntax: "{" begins a value without a name, but an object has members`, ""},
	{"a quote at the end of a line", `"Cell counter",`, `"Cell counter","`, `7:29 error json-syntax: a quote with nothing in it before a name`, `"Cell counter",`},
	{"colon of another script", `"title":`, `"title"：`, `7:12 error json-syntax: "：" after the name of a member, there should be a colon`, `"title":`},
	{"comma of another script", `"Cell counter",`, `"Cell counter"，`, `7:28 error json-syntax: "，" after a value, there should be a comma`, `"Cell counter",`},
	{"Arabic comma after a number", `3600,`, `3600،`, `14:20 error json-syntax: "،" after a value, there should be a comma`, `3600,`},
	{"wide quotes", `"Cell counter"`, `＂Cell counter＂`, `7:14 error json-syntax: a string in typographic quotes, JSON has straight ones`, `"Cell counter"`},
	{"a block of YAML", `"Cell counter"`, "|\n      Cell counter\n      of the lab", `7:14 error json-syntax: "|" is not a JSON value`, ""},
	{"lines of text", `"timeout": 3600,`, "***************\n*** 1,3 ****\n\"timeout\": 3600,", `14:5 error json-syntax: "***************" is no member: there should be a name in double quotes, a colon and a value`, ""},
	{"memory with a unit", `"value": 512`, `"value": "4Gi"`, `45:35 error member-type: value is a string, must be a number`, `"value": 4096`},
	{"memory with a unit of several meanings", `"value": 512`, `"value": "2GB"`, `45:35 error member-type: value is a string, must be a number`, ""},
	{"a part of a CPU", `"value": 2`, `"value": "500m"`, `44:36 error member-type: value is a string, must be a number`, `"value": 0.5`},
	{"hours", `3600`, `"1h30m"`, `14:16 error member-type: timeout is a string, must be an integer`, `5400`},
	{"hours of ISO 8601", `3600`, `"PT1H"`, `14:16 error member-type: timeout is a string, must be an integer`, `3600`},
	{"hours and minutes", `3600`, `"01:00:00"`, `14:16 error member-type: timeout is a string, must be an integer`, `3600`},
	{"a part of a second", `3600`, `"500ms"`, `14:16 error member-type: timeout is a string, must be an integer`, ""},
	{"memory with a unit, without quotes", `"value": 512`, `"value": 4Gi`, `45:35 error json-syntax: "4Gi" is not a JSON number`, ""},
	{"an older name of the version", `"seedVersion"`, `"manifestVersion"`, `2:3 error member-unknown: member "manifestVersion" does not exist at the root of a manifest`, `"seedVersion"`},
	{"a variable of a template", `${SCALE}`, `{{ scale }}`, `16:50 warning command-undeclared: command has "{{ scale }}", which no executor replaces: a variable is written ${SCALE}`, `${SCALE}`},
	{"a variable of Windows", `${SCALE}`, `%SCALE%`, `16:50 warning command-undeclared: command has "%SCALE%", which no executor replaces: a variable is written ${SCALE}`, `${SCALE}`},
	{"letters that are not ASCII", `"CELLS"`, `"größe"`, `31:21 error member-value: name "größe" must be letters, digits, dashes and underscores`, `"groesse"`},
	{"letters of another script", `"CELLS"`, `"размер"`, `31:21 error member-value: name "размер" must be letters, digits, dashes and underscores`, ""},
	{"a link to an address", `"ada@example.com"`, `"mailto:ada@example.com"`, `12:16 warning maintainer-email: the maintainer's e-mail "mailto:ada@example.com" is a link, must be the address alone`, `"ada@example.com"`},
	{"an address with a name", `"ada@example.com"`, `"Ada <ada@example.com>"`, `12:16 warning maintainer-email: the maintainer's e-mail "Ada <ada@example.com>" is not an address: users of the job cannot write to anybody`, ""},
	{"members of the interface in the job", `"interface": {`, `"mounts": [], "settings": [], "interface": {`, `15:5 error member-unknown: members "mounts" and "settings" do not exist here`, ""},
	{"members of the maintainer in the job", `"timeout"`, `"email": "a@b.de", "organization": "x", "url": "https://b.de", "timeout"`, `14:5 error member-unknown: members "email", "organization" and "url" do not exist here`, ""},
	{"no-break spaces of Latin-1", `    "title"`, "\xa0 \xa0 \"title\"", `7:1 error json-syntax: a no-break space of Latin-1 (byte 0xa0) outside of a string, which is no white space in JSON (the first of 2)`, `    "title"`},
}

func TestLineKinds(t *testing.T) {
	t.Parallel()
	checkKinds(t, lineKinds)
}

// throughout are mistakes in all of testdata/broken/good.json: what does them, and the one finding. Fixes take them all away.
var throughout = []struct {
	name string
	do   func(good string) string
	want string
}{
	{"commas after last elements", again(`([\]}"0-9a-z])(\n\s*[\]}])`, "$1,$2"), `12:33 error json-syntax: a comma before "}", where nothing follows (the first of 10)`},
	{"no commas at the ends of lines", again(`,\n`, "\n"), `2:25 error json-syntax: a comma is missing after this value (the first of 23)`},
	{"equals signs", again(`":`, `"=`), `2:16 error json-syntax: "=" after the name of a member, there should be a colon (the first of 60)`},
	{"semicolons", again(`,\n`, ";\n"), `2:25 error json-syntax: ";" after a value, there should be a comma (the first of 23)`},
	{"two colons", again(`":`, `"::`), `2:17 error json-syntax: a second colon after the name of a member (the first of 60)`},
	{"two commas", again(`,\n`, ",,\n"), `2:26 error json-syntax: a comma with nothing before it (the first of 23)`},
	{"comments", again(`,\n`, ", // c\n"), `2:27 error json-syntax: a comment, which JSON does not have (the first of 23)`},
	{"colons of another script", again(`":`, `"：`), `2:16 error json-syntax: "：" after the name of a member, there should be a colon (the first of 60)`},
	{"quotes of CSV", again(`"`, `""`), `1:1 error json-syntax: each quote is written twice, as in a cell of CSV or SQL, but this should be the JSON itself`},
	{"two single quotes for each", again(`"`, `''`), `1:1 error json-syntax: each quote is written twice, as in a cell of CSV or SQL, but this should be the JSON itself`},
	{"ends of lines shown", again(`\n`, "$$\n"), `1:2 error json-syntax: each line ends with $, which is no part of JSON`},
	{"ends of lines of a script", again(`([^\n]+)\n`, "$1 \\\n"), `1:3 error json-syntax: each line ends with \, which is no part of JSON`},
}

func again(pattern, with string) func(string) string {
	expr := regexp.MustCompile(pattern)
	return func(good string) string { return expr.ReplaceAllString(good, with) }
}

// A mistake that an author makes everywhere is one finding, and fixes take it away everywhere.
func TestThroughout(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range throughout {
		text := k.do(string(good))
		if got := seen(Manifest("seed.manifest.json", seed.Parse([]byte(text)), Options{})); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.name, got, k.want)
		}
		got := Fix("seed.manifest.json", []byte(text), Options{}, diag.Policy{}, true).Text
		if strings.TrimSpace(string(got)) != strings.TrimSpace(string(good)) {
			t.Errorf("%s: fixes make\n%s", k.name, got)
		}
	}
}

// noJSON are texts that are no JSON at all, with the one finding on each.
var noJSON = []struct{ name, text, want string }{
	{"Makefile", "all: build\n\nbuild:\n\tdocker build .\n", "1:1 error json-syntax: file is a Makefile, there should be a JSON object"},
	{"Makefile with variables", ".PHONY: all\nall:\n\techo $(X)\n", "1:1 error json-syntax: file is a Makefile, there should be a JSON object"},
	{"an error of curl", "curl: (6) Could not resolve host: example.com\n", `1:1 error json-syntax: file is no JSON: it begins with "curl: (6) Could not resolve host: examp…", there should be a JSON object`},
	{"errors of a shell", "bash: a: command not found\nbash: b: command not found\n", `1:1 error json-syntax: file is no JSON: it begins with "bash: a: command not found", there should be a JSON object`},
	{"an error of git", "fatal: not a git repository\n", `1:1 error json-syntax: file is no JSON: it begins with "fatal: not a git repository", there should be a JSON object`},
	{"YAML with one key", "seedVersion: 1.0.0\n", "1:1 error json-syntax: file is YAML, there should be a JSON object"},
	{"YAML with one unknown key", "a: 1\n", "1:1 error json-syntax: file is YAML, there should be a JSON object"},
	{"YAML of another kind", "version: 2\nservices:\n  a: {}\n", "1:1 error json-syntax: file is YAML, there should be a JSON object"},
	{"a key", "-----BEGIN CERTIFICATE-----\nMIIB\n", "1:1 error json-syntax: file is a certificate, a key or an encrypted text, there should be a JSON object"},
	{"a log of wget", "--2024-01-01 10:00:00--  http://x/\n", `1:1 error json-syntax: file is no JSON: it begins with "--2024-01-01 10:00:00--  http://x/", there should be a JSON object`},
	{"a bracket", "}", `1:1 error json-syntax: file is no JSON: it begins with "}", there should be a JSON object`},
	{"RTF", `{\rtf1\ansi {\fonttbl}}`, "1:1 error json-syntax: file is a document of a word processor (RTF), there should be a JSON object"},
	{"control characters", "\x04\x22\x4d\x18aaa", "1:1 error json-syntax: file is binary, there should be a JSON object"},
	{"comments alone", "// {\n#   \"seedVersion\": \"1.0.0\"\n// }\n", "1:1 error json-syntax: file has nothing but comments, there should be a JSON object"},
	{"numbered lines with bars", "  1 | {\n  2 | }\n", "1:3 error json-syntax: each line begins with its number, there should be JSON alone"},
	{"an object without members", "{}", `1:1 error member-missing: this is no manifest: it has neither "seedVersion" nor "job"`},
	{"an array that is cut", "[", `1:1 error json-syntax: "[" is not closed`},
	{"a string that is cut", `"`, `1:1 error json-syntax: string is not closed before the end of the line`},
}

func TestNoJSON(t *testing.T) {
	t.Parallel()
	for _, w := range noJSON {
		if got := seen(Manifest("seed.manifest.json", seed.Parse([]byte(w.text)), Options{})); got != w.want {
			t.Errorf("%s:\n got %s\nwant %s", w.name, got, w.want)
		}
	}
}
