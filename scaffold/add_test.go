package scaffold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	input := Options{Inputs: []seed.InputFile{{Name: "NEW", MediaTypes: []string{"image/png"}}}}
	for name, tt := range map[string]struct {
		text string
		add  Options
		want string
	}{
		"behind others": {
			"{\n  \"job\": {\n    \"interface\": {\n      \"inputs\": {\n        \"files\": [\n          { \"name\": \"A\" }\n        ]\n      }\n    }\n  }\n}\n", input,
			"{\n  \"job\": {\n    \"interface\": {\n      \"inputs\": {\n        \"files\": [\n          { \"name\": \"A\" },\n          { \"name\": \"NEW\", \"mediaTypes\": [\"image/png\"] }\n        ]\n      }\n    }\n  }\n}\n",
		},
		"in one line": {
			`{"job": {"interface": {"inputs": {"files": [{"name": "A"}]}}}}`, input,
			`{"job": {"interface": {"inputs": {"files": [{"name": "A"}, { "name": "NEW", "mediaTypes": ["image/png"] }]}}}}`,
		},
		"where there is no interface": {
			"{\n\t\"job\": {\n\t\t\"name\": \"a\"\n\t}\n}", Options{Settings: []seed.Setting{{Name: "S", Secret: true}}},
			"{\n\t\"job\": {\n\t\t\"name\": \"a\",\n\t\t\"interface\": {\n\t\t\t\"settings\": [\n\t\t\t\t{ \"name\": \"S\", \"secret\": true }\n\t\t\t]\n\t\t}\n\t}\n}",
		},
		"in an empty array": {
			"{\r\n  \"job\": {\r\n    \"interface\": {\r\n      \"mounts\": []\r\n    }\r\n  }\r\n}", Options{Mounts: []seed.Mount{{Name: "M", Path: "/m", Mode: "rw"}}},
			"{\r\n  \"job\": {\r\n    \"interface\": {\r\n      \"mounts\": [\r\n        { \"name\": \"M\", \"path\": \"/m\", \"mode\": \"rw\" }\r\n      ]\r\n    }\r\n  }\r\n}",
		},
		"two of a kind, and members that are not known": {
			`{"x": 1, "job": {"interface": {"y": [1]}, "z": {}}}`, Options{JSONInputs: []seed.InputJSON{{Name: "a", Type: "integer"}, {Name: "b", Type: "string"}}},
			"{\"x\": 1, \"job\": {\"interface\": {\"y\": [1], \"inputs\": {\n  \"json\": [\n    { \"name\": \"a\", \"type\": \"integer\" },\n    { \"name\": \"b\", \"type\": \"string\" }\n  ]\n}}, \"z\": {}}}",
		},
	} {
		got, err := Add([]byte(tt.text), tt.add)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, tt.want)
		}
	}
	for text, want := range map[string]string{
		`{"job": []}`: "/job is array, it should be an object", `{"job": {"interface": {"inputs": {"files": {}}}}}`: "/job/interface/inputs/files is object, it should be an array",
		`{"job"`: "the manifest is not JSON", `[]`: "the manifest is not JSON", ``: "the manifest is not JSON",
	} {
		if _, err := Add([]byte(text), input); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What was there stays, byte by byte and in its order, whatever is added: the old text is the new one without what was inserted.
func FuzzAdd(f *testing.F) {
	f.Add(`{"job": {"interface": {"inputs": {"files": [ {"name": "A"} ] }}}}`, "N", "image/png")
	f.Add("{\n \"job\" : {\"é\":[1 , 2 ]\n ,\"interface\":{ \"settings\":[]}}}", "a\"b\\", "\u2028")
	f.Fuzz(func(t *testing.T, text, name, kind string) {
		o := Options{Inputs: []seed.InputFile{{Name: name, MediaTypes: []string{kind}}}, Settings: []seed.Setting{{Name: name}}, JSONOutputs: []seed.OutputJSON{{Name: name, Type: kind}}}
		got, err := Add([]byte(text), o)
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("not JSON:\n%s\nfrom\n%s", got, text)
		}
		rest := got
		for _, c := range []byte(strings.Join(strings.Fields(text), "")) {
			i := bytes.IndexByte(rest, c)
			if i < 0 {
				t.Fatalf("%q is lost or has moved:\n%s", c, got)
			}
			rest = rest[i+1:]
		}
		before, after := seed.Parse([]byte(text)), seed.Parse(got)
		if a, b := len(before.Job.Interface.Inputs.Files)+1, len(after.Job.Interface.Inputs.Files); a != b {
			t.Fatalf("%d inputs, not %d:\n%s", b, a, got)
		}
	})
}

func TestVariables(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"a.sh":   {"#!/bin/sh\n# $COMMENT\nOUT=x\nfor I in 1; do echo \"$I $OUT ${SCENE} $HOME $OUTPUT_DIR $ALLOCATED_MEM\"; done\necho \"${LEVEL:-3}\" $SCENE $lower\n", "[{SCENE 4} {LEVEL 5}]"},
		"a.py":   {"import os\nx = os.environ['SCENE']\ny = os.getenv(\"LEVEL\", '3') + os.environ.get('PATH')\n", "[{SCENE 2} {LEVEL 3}]"},
		"run":    {"#!/usr/bin/env python3\nimport os\nos.environ[\"SCENE\"]\n", "[{SCENE 3}]"},
		"run2":   {"#!/bin/bash -e\nexport A=1\necho $A $B\n", "[{B 3}]"},
		"blank":  {"#! /bin/sh\necho $B\n", "[{B 2}]"},
		"tab":    {"#!\t/bin/sh -eu\necho $B\n", "[{B 2}]"},
		"dos":    {"#!/bin/sh\r\necho $B\r\n", "[{B 2}]"},
		"env":    {"#! /usr/bin/env -S LANG=C bash -e\necho $B\n", "[{B 2}]"},
		"newer":  {"#!/usr/local/bin/python3.12 -u\nimport os\nos.environ[\"B\"]\n", "[{B 3}]"},
		"node":   {"#!/usr/bin/env node\nprocess.env.B\n", "[{B 2}]"},
		"julia":  {"#!/usr/bin/julia\nENV[\"B\"]\n", "[{B 2}]"},
		"perl":   {"#!/usr/bin/perl -w\nprint $ENV{B}\n", "[{B 2}]"},
		"lua":    {"#!/usr/bin/lua\nprint $B\n", "[]"},
		"none":   {"#!\necho $B\n", "[]"},
		"alone":  {"#!/usr/bin/env\necho $B\n", "[]"},
		"a.R":    {"x <- Sys.getenv(\"SCENE\")\n", "[{SCENE 1}]"},
		"a.jl":   {"ENV[\"SCENE\"]; get(ENV, \"LEVEL\", \"3\")\n", "[{SCENE 1} {LEVEL 1}]"},
		"a.js":   {"process.env.SCENE + process.env['LEVEL']\n", "[{SCENE 1} {LEVEL 1}]"},
		"a.go":   {"os.Getenv(\"SCENE\")\n", "[{SCENE 1}]"},
		"a.txt":  {"$SCENE\n", "[]"},
		"README": {"$SCENE os.getenv('X')\n", "[]"},
	} {
		if got := fmt.Sprint(Variables(name, []byte(tt.text))); got != tt.want {
			t.Errorf("%s: %s, not %s", name, got, tt.want)
		}
	}
}
