package lint

import (
	"os"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// An otherKind is a mistake in testdata/broken/good.json, as kinds has them, with what fixes make of it: all fixes, the unsafe ones
// too. It is empty if they make nothing of it.
type otherKind struct{ name, old, with, want, fixed string }

// otherKinds are what authors write who think of another language, and slips of the keyboard.
var otherKinds = []otherKind{
	{"a sum", `3600`, `60 * 60`, `14:16 error json-syntax: "60 * 60" is not a JSON number`, ""},
	{"a sum without blanks", `3600`, `60*60`, `14:16 error json-syntax: "60*60" is not a JSON number`, ""},
	{"a fraction", `512`, `1/2`, `45:35 error json-syntax: "1/2" is not a JSON number`, ""},
	{"percent", `512`, `50%`, `45:35 error json-syntax: "50%" is not a JSON number`, ""},
	{"decimal comma", `512`, `1,5`, `45:35 error json-syntax: "1,5" is not a JSON number`, ""},
	{"digits in groups by apostrophes", `3600`, `3'600`, `14:16 error json-syntax: "3'600" is not a JSON number`, ""},
	{"digits in groups by blanks", `3600`, `3 600`, `14:16 error json-syntax: "3 600" is not a JSON number`, ""},
	{"digits in groups by no-break spaces", `3600`, "3\u00a0600", `14:16 error json-syntax: "3\u00a0600" is not a JSON number`, ""},
	{"a time", `3600`, `01:00:00`, `14:16 error json-syntax: "01:00:00" is not a JSON number`, ""},
	{"two signs", `3600`, `--5`, `14:16 error json-syntax: "--5" is not a JSON number`, ""},
	{"a remark behind a number", `3600,`, `3600 -- an hour,`, `14:16 error json-syntax: "3600 -- an hour" is not a JSON number`, ""},
	{"dots", `3600`, `...`, `14:16 error json-syntax: "..." is not a JSON value`, ""},
	{"dots in an array", `"image", "cells"`, `"image", ... `, `9:23 error json-syntax: "..." is not a JSON value`, ""},
	{"dots before an element", `{ "name": "cpus"`, "...\n{ \"name\": \"cpus\"", `44:9 error json-syntax: "..." is not a JSON value`, ""},
	{"a version without quotes", `"1.2.0"`, `1.2.0`, `5:19 error json-syntax: "1.2.0" is not a JSON number`, `"1.2.0"`},
	{"a date without quotes", `"Cell counter"`, `2024-05-01`, `7:14 error json-syntax: "2024-05-01" is not a JSON number`, `"2024-05-01"`},
	{"a version that is a number", `"1.2.0"`, `1.2`, `5:19 error member-type: jobVersion is a number, must be a string`, `"1.2.0"`},
	{"a word for a number", `3600`, `TODO`, `14:16 error json-syntax: "TODO" is not a JSON value`, ""},
	{"yes", `"secret": true`, `"secret": yes`, `39:40 error json-syntax: "yes" is not a JSON value`, `"secret": true`},
	{"yes in quotes", `"secret": true`, `"secret": "Yes"`, `39:40 error member-type: secret is a string, must be a boolean`, `"secret": true`},
	{"1 for true", `"secret": true`, `"secret": 1`, `39:40 error member-type: secret is an integer, must be a boolean`, `"secret": true`},

	{"strings joined by a sign", `"Cell counter"`, `"Cell" + " counter"`, `7:23 error json-syntax: a second string in place of one value: JSON does not join strings`, `"Cell counter"`},
	{"strings joined over lines", `"Cell counter"`, "\"Cell\" +\n    \" counter\"", `8:5 error json-syntax: a second string in place of one value: JSON does not join strings`, `"Cell counter"`},
	{"strings joined by a line break", `"Cell counter"`, "\"Cell \"\n    \"counter\"", `8:5 error json-syntax: a second string in place of one value: JSON does not join strings`, `"Cell counter"`},
	{"strings joined by a blank", `"Cell counter"`, `"Cell" "counter"`, `7:21 error json-syntax: a second string in place of one value: JSON does not join strings`, `"Cellcounter"`},
	{"strings joined by a point", `"Cell counter"`, `"Cell " . "counter"`, `7:24 error json-syntax: a second string in place of one value: JSON does not join strings`, `"Cell counter"`},
	{"quotes around a blank", `"Cell counter"`, `"Cell " " counter"`, `7:21 error json-syntax: quotes inside of a string, each should be written \"`, `"Cell \" \" counter"`},
	{"three quotes", `"Cell counter"`, "\"\"\"Cell\n\"my\" counter\"\"\"", `7:14 error json-syntax: a string in three quotes, JSON has one`, `"Cell\n\"my\" counter"`},
	{"three single quotes", `"Cell counter"`, "'''Cell counter'''", `7:14 error json-syntax: a string in three quotes, JSON has one`, `"Cell counter"`},
	{"a line that goes on", `"Cell counter"`, "\"Cell \\\ncounter\"", `7:14 error json-syntax: a string that goes on in the next line, which JSON does not have`, `"Cell counter"`},
	{"a letter before a string", `"Cell counter"`, `f"Cell counter"`, `7:14 error json-syntax: "f" before a string, which JSON does not have`, `"Cell counter"`},
	{"letters before strings", `"title": "Cell counter"`, `u'title': u'Cell counter'`, `7:5 error json-syntax: "u" before a string, which JSON does not have (the first of 2)` + "\n" +
		`7:6 error json-syntax: a string in single quotes, JSON has double quotes (the first of 2)`, `"title": "Cell counter"`},
	{"quotes that are doubled", `"Cell counter"`, `'Cell''s counter'`, `7:14 error json-syntax: a string in single quotes, JSON has double quotes`, `"Cell's counter"`},
	{"single typographic quotes", `"Cell counter"`, `‘Cell’s counter’`, `7:14 error json-syntax: a string in typographic quotes, JSON has straight ones`, `"Cell’s counter"`},
	{"back quotes", `"Cell counter"`, "`Cell counter`", `7:14 error json-syntax: a string in back quotes, JSON has double quotes`, `"Cell counter"`},
	{"a typographic quote at the end", `"Cell counter"`, `"Cell counter”`, `7:14 error json-syntax: a typographic quote ends this string, JSON has straight ones`, `"Cell counter"`},
	{"a typographic quote at the beginning", `"Cell counter"`, `“Cell counter"`, `7:14 error json-syntax: a string in typographic quotes, JSON has straight ones`, `"Cell counter"`},
	{"a typographic quote at the end of a name", `"title":`, `"title”:`, `7:5 error json-syntax: a typographic quote ends this name, JSON has straight ones`, `"title":`},
	{"a typographic quote at the beginning of a name", `"title":`, `“title":`, `7:5 error json-syntax: a string in typographic quotes, JSON has straight ones`, `"title":`},

	{"semicolon for a comma", `"Cell counter",`, `"Cell counter";`, `7:28 error json-syntax: ";" after a value, there should be a comma`, `"Cell counter",`},
	{"semicolon after a number", `3600,`, `3600;`, `14:20 error json-syntax: ";" after a value, there should be a comma`, `3600,`},
	{"semicolon after an object", "    },\n    \"timeout\"", "    };\n    \"timeout\"", `13:6 error json-syntax: ";" after a value, there should be a comma`, "    },\n    \"timeout\""},
	{"semicolon in an array", `"image", "cells"`, `"image"; "cells"`, `9:21 error json-syntax: ";" after a value, there should be a comma`, `"image", "cells"`},
	{"semicolon at the end", `"job" }`, `"job"; }`, `51:126 error json-syntax: ";" after a value`, `"job" }`},
	{"semicolon after the document", "  }\n}\n", "  }\n};\n", `54:2 error json-syntax: ";" after the end of the document`, "  }\n}\n"},
	{"colon for a comma", `3600,`, `3600:`, `14:20 error json-syntax: ":" after a value, there should be a comma`, `3600,`},
	{"colon for a comma after text", `"Cell counter",`, `"Cell counter":`, `7:28 error json-syntax: ":" after a value, there should be a comma`, `"Cell counter",`},
	{"arrow for a colon", `"title":`, `"title" =>`, `7:13 error json-syntax: "=>" after the name of a member, there should be a colon`, `"title" :`},
	{"semicolon for a colon", `"title":`, `"title";`, `7:12 error json-syntax: ";" after the name of a member, there should be a colon`, `"title":`},
	{"comma for a colon", `"timeout":`, `"timeout",`, `14:14 error json-syntax: "," after the name of a member, there should be a colon`, `"timeout":`},
	{"equals after a colon", `"timeout": 3600`, `"timeout": = 3600`, `14:16 error json-syntax: "=" after the colon, which is enough`, `"timeout":  3600`},

	{"list without its bracket", `["image", "cells"]`, `"image", "cells"]`, `9:13 error json-syntax: a "[" is missing before this value, which a "]" ends`, `["image", "cells"]`},
	{"list in braces", `["image", "cells"]`, `{"image", "cells"}`, `9:21 error json-syntax: a colon and a value are missing after this name`, ""},
	{"list in parentheses", `["image", "cells"]`, `("image", "cells")`, `9:13 error json-syntax: "(" is not a JSON value`, ""},
	{"list without quotes", `["image", "cells"]`, `[image, cells]`, `9:14 error json-syntax: "image" is not a JSON value (the first of 2)`, `["image", "cells"]`},
	{"names without quotes", `"name": "Ada Doe",` + "\n      \"email\"", "name: \"Ada Doe\",\n      email", `11:7 error json-syntax: "name" is a name without quotes, names are written in double quotes (the first of 2)`,
		`"name": "Ada Doe",` + "\n      \"email\""},
	{"comment to the end", `"timeout": 3600,`, `"timeout": 3600, /* hours`, `14:22 error json-syntax: a comment that is never closed; JSON has no comments`, ""},
	{"colours of a terminal", `"title"`, "\x1b[34;1m\"title\"\x1b[0m", `7:5 error json-syntax: an escape sequence of a terminal (U+001B) outside of a string, which is no white space in JSON (the first of 2)`, `"title"`},
	{"bytes of another encoding", `Cell counter`, "Z\xe4hler f\xfcr Zellen", `7:16 error json-encoding: byte 0xe4 is no UTF-8, JSON is UTF-8 (the first of 2)`, ""},

	{"two older names", `"jobVersion": "1.2.0"`, `"algorithmVersion": "1.2.0", "version": "1.3.0"`, "5:5 error member-unknown: member \"algorithmVersion\" does not exist here\n" +
		`5:34 error member-unknown: member "version" does not exist here`, ""},
	{"an older name twice", `"jobVersion": "1.2.0"`, `"version": "1.2.0", "version": "1.3.0"`, "5:25 error json-duplicate: member \"version\" is already on line 5, a name should be there once\n" +
		`5:25 error member-unknown: member "version" does not exist here`, ""},
	{"two spellings", `"timeout": 3600`, `"Timeout": 3600, "TIMEOUT": 60`, "14:5 error member-unknown: member \"Timeout\" does not exist here\n" +
		`14:22 error member-unknown: member "TIMEOUT" does not exist here`, ""},
	{"cmd and args", `"command": "`, `"cmd": "/run.sh", "args": "`, "16:7 error member-unknown: member \"cmd\" does not exist here\n" +
		`16:25 error member-unknown: member "args" does not exist here`, ""},
	{"a zero-width space in a name", `"timeout":`, "\"time\u200bout\":", `14:5 error member-unknown: member "time\u200bout" does not exist here`, `"timeout":`},
	{"a Cyrillic letter in a name", `"name": "cell-count"`, "\"n\u0430me\": \"cell-count\"", "4:5 error member-unknown: member \"n\u0430me\" does not exist here", `"name": "cell-count"`},
	{"resources of JobPack", `"resources": {`, `"cpus": 1, "mem": 5, "x": {`, "42:5 error member-unknown: member \"cpus\" does not exist here\n" +
		"42:16 error member-unknown: member \"mem\" does not exist here\n" + `42:26 error member-unknown: member "x" does not exist here`, ""},
	{"inputs of JobPack", `"inputs": {`, `"inputData": [], "outputs": {`, "17:7 error member-unknown: member \"inputData\" does not exist here\n25:7 error json-duplicate: member \"outputs\" is already on line 17, a name should be there once", ""},
	{"author of JobPack", `"maintainer": {`, `"authorName": "A", "authorEmail": "a@b.de", "x": {`, "10:5 error member-unknown: member \"authorName\" does not exist here\n" +
		"10:24 error member-unknown: member \"authorEmail\" does not exist here\n" + `10:49 error member-unknown: member "x" does not exist here`, ""},
	{"a regular expression", `"*_marked.png"`, `".*_marked\\.png$"`, `27:68 warning output-pattern-dialect: pattern ".*_marked\.png$" looks like a regular expression, but is a glob, in which * stands for any text: write it as in *.tif`, ""},
	{"several patterns", `"*.csv"`, `"*.csv,*.png"`, `28:66 warning output-pattern-dialect: pattern "*.csv,*.png" looks like several patterns, but is one: declare one output for each`, ""},
	{"the output directory in a pattern", `"*.csv"`, `"${OUTPUT_DIR}/*.csv"`, `28:66 warning output-pattern-dialect: pattern "${OUTPUT_DIR}/*.csv" has a $, but variables are not expanded in patterns`, `"*.csv"`},
	{"the length of a variable", `--scale ${SCALE}`, `--scale ${#SCALE}`, `16:50 warning command-shell: command has an expansion of this kind, but executors start the job without a shell and pass it on as text`, ""},
	{"a list for the command", `"${IMAGE} ${OUTPUT_DIR} --scale ${SCALE}"`, `["${IMAGE}", "${OUTPUT_DIR}"]`, `16:18 error member-type: command is an array, must be a string`, ""},
	{"jobs that is one job", `"job": {`, `"jobs": {`, `3:3 error member-unknown: member "jobs" does not exist at the root of a manifest`, `"job": {`},
	{"a list of a type", `"type": "number"`, `"type": "string[]"`, `22:38 error member-value: type is "string[]", must be "array", "boolean", "integer", "number", "object" or "string"`, `"type": "array"`},
	{"a placeholder for a name", `"title":`, `"{{ key }}":`, "3:10 error member-missing: member \"title\" is missing, it is required here\n" + `7:5 error member-unknown: member "{{ key }}" does not exist here`, ""},
}

// Each such mistake is one finding at its place, and what fixes make of it is what its author meant.
func TestOtherKinds(t *testing.T) {
	t.Parallel()
	checkKinds(t, otherKinds)
}

func checkKinds(t *testing.T, kinds []otherKind) {
	good, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		text := strings.Replace(string(good), k.old, k.with, 1)
		if text == string(good) {
			t.Fatalf("%s: %q is not in the manifest", k.name, k.old)
		}
		if got := seen(Manifest("seed.manifest.json", seed.Parse([]byte(text)), Options{})); got != k.want {
			t.Errorf("%s:\n got %s\nwant %s", k.name, got, k.want)
		}
		want := text
		if k.fixed != "" {
			want = strings.Replace(string(good), k.old, k.fixed, 1)
		}
		if got := string(Fix("seed.manifest.json", []byte(text), Options{}, diag.Policy{}, true).Text); got != want {
			t.Errorf("%s: fixes make of\n%s\n%s", k.name, around([]byte(text), strings.Index(text, k.with)), around([]byte(got), strings.Index(text, k.with)))
		}
	}
}

// strangers are texts of another kind, around a manifest, with the one finding on each.
var strangers = []struct{ name, before, after, want string }{
	{"Markdown", "```json\n", "```\n", "1:1 error json-syntax: file is Markdown, there should be a JSON object alone"},
	{"Markdown with a title", "# A job\n\n```json\n", "```\n", "1:1 error json-syntax: file is Markdown, there should be a JSON object alone"},
	{"text before it", "Here is the manifest:\n\n", "", "1:1 error json-syntax: text before the JSON object, which begins on line 3"},
	{"text around it", "Sure! Here it is:\n```json\n", "```\nLet me know.\n", "1:1 error json-syntax: text before the JSON object, which begins on line 3"},
	{"JavaScript", "module.exports = ", ";\n", "1:1 error json-syntax: file is a program with the JSON in it, there should be the JSON object alone"},
	{"JavaScript, a constant", "const job = ", ";\n", "1:1 error json-syntax: file is a program with the JSON in it, there should be the JSON object alone"},
	{"JSONP", "callback(", ");\n", "1:1 error json-syntax: file is a program with the JSON in it, there should be the JSON object alone"},
	{"parentheses", "(", ")\n", "1:1 error json-syntax: file is a program with the JSON in it, there should be the JSON object alone"},
	{"here document", "#!/bin/sh\ncat >seed.manifest.json <<'EOF'\n", "EOF\n", "1:1 error json-syntax: file is a script, there should be a JSON object"},
	{"a prompt", "$ cat seed.manifest.json\n", "$\n", "1:1 error json-syntax: file is a script, there should be a JSON object"},
	{"HTTP", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", "", "1:1 error json-syntax: file begins with the headers of an HTTP response, there should be a JSON object alone"},
	{"quotes", "'", "'", "1:1 error json-syntax: the document stands in quotes, and not the JSON alone"},
}

// A manifest with something around it is one finding, and its fix keeps the manifest alone.
func TestStrangers(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range strangers {
		text := s.before + string(good) + s.after
		if got := seen(Manifest("seed.manifest.json", seed.Parse([]byte(text)), Options{})); got != s.want {
			t.Errorf("%s:\n got %s\nwant %s", s.name, got, s.want)
		}
		if got := Fix("seed.manifest.json", []byte(text), Options{}, diag.Policy{}, true).Text; string(got) != string(good) {
			t.Errorf("%s: fixes make\n%s", s.name, got)
		}
	}
}
