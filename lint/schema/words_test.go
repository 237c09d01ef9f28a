package schema

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

// known returns the members of an object, by its pointer with * for an index.
func known(at seed.Pointer) []string {
	schema := described()
	if at != "" {
		schema = part(described(), seed.Pointer(strings.ReplaceAll(string(at), "*", "0")))
	}
	properties, _ := schema["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

// Unknown members get the member that was meant, a hint, or neither; never a wrong one.
func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	for object, words := range map[seed.Pointer]map[string]string{
		"": {"seedversion": "seedVersion", "seed_version": "seedVersion", "manifestVersion": "seedVersion", "Job": "job", "jobs": "? holds one job", "version": "", "$schema": "? take it out",
			"interface": `? belongs into "job"`, "title": `? belongs into "job"`, "description": `? belongs into "job"`, "id": ""},
		"/job": {"algorithmVersion": "jobVersion", "version": "jobVersion", "job_version": "jobVersion", "tag": "tags", "author": `? "maintainer": {`, "memory": `? "resources.scalar": {"name": "mem"`,
			"shared_mem": `? "resources.scalar": {"name": "sharedMem"`, "cpus": `? "resources.scalar": {"name": "cpus"`, "gpu": `? "resources.scalar": {"name": "gpus"`, "storage": `? {"name": "disk"`,
			"env": `? within "interface"`, "volumes": `? "mounts"`, "command": `? belongs into "job.interface"`, "inputs": `? belongs into "job.interface"`, "email": `? belongs into "job.maintainer"`,
			"timout": "timeout", "time_out": "timeout", "descripton": "description", "discription": "description", "errorMapping": "errors", "packageversion": "packageVersion", "resource": "resources",
			"mem": `? {"name": "mem"`, "licence": "", "foo": "", "date": "", "type": "", "path": ""},
		"/job/maintainer":         {"organisation": "organization", "mail": "email", "e-mail": "email", "website": "url", "tel": "phone", "Name": "name", "address": "", "role": ""},
		"/job/resources":          {"scalars": "scalar", "cpus": `? {"name": "cpus"`, "memory": `? {"name": "mem"`, "ports": ""},
		"/job/resources/scalar/*": {"amount": "value", "input_multiplier": "inputMultiplier", "inputMultipler": "inputMultiplier", "vlaue": "value", "units": "? MiB", "min": ""},
		"/job/interface": {"cmd": "command", "args": "command", "inputData": "inputs", "outputData": "outputs", "env": `? "settings": [`, "envVars": `? "settings": [`, "volumes": `? "mounts": [`,
			"mount": "mounts", "setting": "settings", "entrypoint": "? Dockerfile", "files": `? within "inputs"`, "timeout": `? belongs into "job"`},
		"/job/interface/inputs":          {"file": "files", "parameters": "json", "dirs": ""},
		"/job/interface/inputs/files/*":  {"mediaType": "mediaTypes", "media_types": "mediaTypes", "path": "? take it out", "pattern": "? take it out", "optional": `? "required": false`, "requierd": "required", "size": "", "default": "? no default"},
		"/job/interface/inputs/json/*":   {"dataType": "type", "default": "? no default", "kind": "", "types": "type"},
		"/job/interface/outputs/files/*": {"path": "pattern", "glob": "pattern", "mediaTypes": "mediaType", "count": `? "multiple": true`, "partial": "? only inputs", "patern": "pattern", "dir": ""},
		"/job/interface/outputs/json/*":  {"optional": `? "required": false`, "path": "", "member": "key"},
		"/job/interface/mounts/*":        {"readOnly": `? "mode": "ro"`, "containerPath": "path", "hostPath": "? take it out", "access": "mode", "size": ""},
		"/job/interface/settings/*":      {"value": "? take it out", "secure": "secret", "isSecret": "secret", "sercet": "secret", "description": ""},
		"/job/errors/*":                  {"exitCode": "code", "exit_code": "code", "message": "description", "catagory": "category", "type": "category", "severity": ""},
	} {
		for word, want := range words {
			v := unknownMember(object, word, known(object))
			hint, isHint := strings.CutPrefix(want, "? ")
			switch {
			case isHint && (v.Meant != "" || !strings.Contains(v.Hint, hint)):
				t.Errorf("%s/%s: hint %q (meant %q), want %q", object, word, v.Hint, v.Meant, hint)
			case !isHint && v.Meant != want:
				t.Errorf("%s/%s: meant %q (%s), want %q", object, word, v.Meant, v.Hint, want)
			}
		}
	}
}

// All synonyms lead to members that there are.
func TestSynonyms(t *testing.T) {
	t.Parallel()
	for object, words := range synonyms() {
		members := known(seed.Pointer(object))
		if len(members) == 0 {
			t.Errorf("there is no object %s", object)
		}
		for word, s := range words {
			if s.to != "" && !slices.Contains(members, s.to) || (s.to == "") == (s.hint == "") {
				t.Errorf("%s/%s leads to %q, hint %q", object, word, s.to, s.hint)
			}
			if word != fold(word) || slices.Contains(members, word) {
				t.Errorf("%s/%s is no folded name, or a member", object, word)
			}
		}
	}
}

func TestMeantValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		allowed []string
		words   map[string]string
	}{
		{[]string{"array", "boolean", "integer", "number", "object", "string"}, map[string]string{"int": "integer", "bool": "boolean", "float": "number", "double": "number", "list": "array",
			"dict": "object", "str": "string", "String": "string", "Integer": "integer", "interger": "integer", "nubmer": "number", "text": "string", "file": "", "date": "", "null": "", "any": ""}},
		{[]string{"data", "job"}, map[string]string{"algorithm": "job", "ALGORITHM": "job", "Data": "data", "JOB": "job", "system": "", "SYSTEM": "", "user": "", "dta": "data"}},
		{[]string{"ro", "rw"}, map[string]string{"wr": "rw", "RO": "ro", "readonly": "ro", "read-only": "ro", "READ_ONLY": "ro", "read-write": "rw", "w": "rw", "r": "ro", "x": "", "none": ""}},
	} {
		for word, want := range tt.words {
			if got := meantValue(word, tt.allowed); got != want {
				t.Errorf("%s of %q: %q, want %q", word, tt.allowed, got, want)
			}
		}
	}
}
