package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seedpack/seedpack/diag"
)

// A synonym is a name that authors write for a member, with what to write in its place. The names stand in real manifests,
// in older versions of the standard and JobPack, or in the systems that authors come from.
type synonym struct {
	// to is the member of the same object that replaces it. If it is empty, the hint says what to do.
	to, hint string
	// older is true if the member had this name in an older version, so that only the name differs.
	older bool
	// replaces is the required member that this one stands for, although it cannot simply be renamed.
	replaces string
}

func scalar(name string, value int) synonym {
	return synonym{hint: fmt.Sprintf(`it is an element of "resources.scalar": {"name": "%s", "value": %d}`, name, value)}
}

func inside(object, member string) synonym {
	return synonym{hint: fmt.Sprintf("write %s, within %q", diag.Quote(member), object)}
}

func meant(to string) synonym { return synonym{to: to} }

func older(to string) synonym { return synonym{to: to, older: true} }

func hint(text string) synonym { return synonym{hint: text} }

// synonyms are told apart by object: its pointer, with * for an index. Names are in lower case, without separators.
var synonyms = map[string]map[string]synonym{
	"": {
		"manifestversion": older("seedVersion"),
		"jobs":            {hint: "a Seed manifest holds one job: write a manifest with \"job\" for each", replaces: "job"},
		"schema":          hint("take it out: the standard allows its own members only"),
		"$schema":         hint("take it out: the standard allows its own members only"),
	},
	"/job": {
		"algorithmversion": older("jobVersion"), "version": older("jobVersion"), "tag": older("tags"), "keywords": meant("tags"), "labels": meant("tags"),
		"errormapping": older("errors"), "errorcodes": meant("errors"), "exitcodes": meant("errors"),
		"displayname": meant("title"), "summary": meant("description"), "abstract": meant("description"),
		"author":      {hint: `write "maintainer": {"name": "…", "email": "…"}`, replaces: "maintainer"},
		"authors":     {hint: `write "maintainer": {"name": "…", "email": "…"}`, replaces: "maintainer"},
		"contact":     {hint: `write "maintainer": {"name": "…", "email": "…"}`, replaces: "maintainer"},
		"owner":       {hint: `write "maintainer": {"name": "…", "email": "…"}`, replaces: "maintainer"},
		"maintainers": {hint: `write "maintainer": {"name": "…", "email": "…"}`, replaces: "maintainer"},
		"authorname":  inside("maintainer", "name"), "authoremail": inside("maintainer", "email"), "authorurl": inside("maintainer", "url"),
		"cpu": scalar("cpus", 1), "cpus": scalar("cpus", 1), "cores": scalar("cpus", 1), "cpusrequired": scalar("cpus", 1),
		"mem": scalar("mem", 64), "memory": scalar("mem", 64), "ram": scalar("mem", 64), "memrequired": scalar("mem", 64),
		"storage": scalar("disk", 64), "disk": scalar("disk", 64), "sharedmem": scalar("sharedMem", 64), "sharedmemory": scalar("sharedMem", 64), "shmsize": scalar("sharedMem", 64),
		"gpu": scalar("gpus", 1), "gpus": scalar("gpus", 1),
		"inputdata": inside("interface", "inputs"), "outputdata": inside("interface", "outputs"),
		"cmd": inside("interface", "command"), "args": inside("interface", "command"), "arguments": inside("interface", "command"),
		"entrypoint": hint(`write ENTRYPOINT in the Dockerfile, and its arguments as "command", within "interface"`),
		"env":        inside("interface", "settings"), "envvars": inside("interface", "settings"), "environment": inside("interface", "settings"),
		"volumes": inside("interface", "mounts"), "image": hint("take it out: name and jobVersion make the name of the image"),
		"dockerimage": hint("take it out: name and jobVersion make the name of the image"),
		"walltime":    hint("write timeout, in seconds"), "timelimit": hint("write timeout, in seconds"), "maxruntime": hint("write timeout, in seconds"),
	},
	"/job/maintainer": {
		"mail": meant("email"), "emailaddress": meant("email"), "organisation": meant("organization"), "org": meant("organization"), "company": meant("organization"),
		"website": meant("url"), "homepage": meant("url"), "telephone": meant("phone"), "tel": meant("phone"), "phonenumber": meant("phone"),
		"fullname": meant("name"),
	},
	"/job/resources": {
		"cpu": scalar("cpus", 1), "cpus": scalar("cpus", 1), "cores": scalar("cpus", 1), "mem": scalar("mem", 64), "memory": scalar("mem", 64), "ram": scalar("mem", 64),
		"disk": scalar("disk", 64), "storage": scalar("disk", 64), "sharedmem": scalar("sharedMem", 64), "gpu": scalar("gpus", 1), "gpus": scalar("gpus", 1),
	},
	"/job/resources/scalar/*": {
		"amount": meant("value"), "quantity": meant("value"), "size": meant("value"), "count": meant("value"), "multiplier": meant("inputMultiplier"),
		"type": hint("take it out: all amounts are numbers"), "unit": hint("take it out: mem, disk and sharedMem are in MiB"), "units": hint("take it out: mem, disk and sharedMem are in MiB"),
	},
	"/job/interface": {
		"cmd": older("command"), "args": older("command"), "arguments": meant("command"), "commandarguments": older("command"),
		"entrypoint": hint("write ENTRYPOINT in the Dockerfile: command has its arguments"),
		"inputdata":  older("inputs"), "outputdata": older("outputs"), "input": meant("inputs"), "output": meant("outputs"),
		"env": hint(`write "settings": [{"name": "…"}]; a value that never changes is ENV in the Dockerfile`), "envvars": hint(`write "settings": [{"name": "…"}]; a value that never changes is ENV in the Dockerfile`),
		"environment": hint(`write "settings": [{"name": "…"}]; a value that never changes is ENV in the Dockerfile`), "variables": hint(`write "settings": [{"name": "…"}]`),
		"volumes": hint(`write "mounts": [{"name": "…", "path": "/…", "mode": "ro"}]`), "params": hint(`write "json", within "inputs"`), "parameters": hint(`write "json", within "inputs"`),
		"files": hint(`write "files", within "inputs" or "outputs"`), "json": hint(`write "json", within "inputs" or "outputs"`),
	},
	"/job/interface/inputs": {"file": meant("files"), "params": meant("json"), "parameters": meant("json")},
	"/job/interface/inputs/files/*": {
		"mediatype": older("mediaTypes"), "type": meant("mediaTypes"), "mimetype": meant("mediaTypes"), "mimetypes": meant("mediaTypes"), "formats": meant("mediaTypes"),
		"path": hint("take it out: an input has no pattern, and the executor gives the path"), "pattern": hint("take it out: an input has no pattern, and the executor gives the path"),
		"glob": hint("take it out: an input has no pattern, and the executor gives the path"), "optional": hint(`write "required": false for an optional input`),
		"count": hint(`write "multiple": true for more than one file`), "default": hint("take it out: an input has no default"),
		"description": hint("take it out: describe inputs in the description of the job"), "title": hint("take it out: describe inputs in the description of the job"),
	},
	"/job/interface/inputs/json/*": {
		"optional": hint(`write "required": false for an optional input`), "default": hint("take it out: an input has no default"), "datatype": meant("type"),
		"description": hint("take it out: describe inputs in the description of the job"), "title": hint("take it out: describe inputs in the description of the job"),
		"key": hint("take it out: an input has only a name"),
	},
	"/job/interface/outputs": {"file": meant("files")},
	"/job/interface/outputs/files/*": {
		"path": older("pattern"), "glob": older("pattern"), "filename": meant("pattern"), "type": meant("mediaType"), "mimetype": meant("mediaType"), "mediatypes": meant("mediaType"),
		"format": meant("mediaType"), "count": hint(`write "multiple": true for more than one file`), "optional": hint(`write "required": false for an optional output`),
		"partial": hint("take it out: only inputs can be partial"),
	},
	"/job/interface/outputs/json/*": {
		"optional": hint(`write "required": false for an optional output`), "datatype": meant("type"), "member": meant("key"),
	},
	"/job/interface/mounts/*": {
		"readonly": hint(`write "mode": "ro", or "rw" for a mount that the job writes to`), "ro": hint(`write "mode": "ro"`), "rw": hint(`write "mode": "rw"`),
		"access": meant("mode"), "containerpath": meant("path"), "mountpath": meant("path"), "target": meant("path"), "destination": meant("path"),
		"hostpath": hint("take it out: the executor decides what is mounted"), "source": hint("take it out: the executor decides what is mounted"), "host": hint("take it out: the executor decides what is mounted"),
	},
	"/job/interface/settings/*": {
		"value": hint("take it out: the operator of the executor gives the value"), "default": hint("take it out: the operator of the executor gives the value"),
		"key": meant("name"), "sensitive": meant("secret"), "issecret": meant("secret"), "secure": meant("secret"), "private": meant("secret"),
		"required": hint("take it out: all settings are given"),
	},
	"/job/errors/*": {
		"exitcode": meant("code"), "exit": meant("code"), "exitstatus": meant("code"), "returncode": meant("code"), "status": meant("code"), "errorcode": meant("code"),
		"message": meant("description"), "type": meant("category"),
	},
}

// valueSynonyms are values that authors write in place of those of an enumeration, by the allowed value.
var valueSynonyms = []struct {
	allowed string // one of the allowed values, which tells the enumeration
	words   map[string]string
}{
	{"integer", map[string]string{"int": "integer", "long": "integer", "bool": "boolean", "float": "number", "double": "number", "decimal": "number", "num": "number",
		"list": "array", "tuple": "array", "dict": "object", "dictionary": "object", "map": "object", "mapping": "object", "str": "string", "text": "string"}},
	{"data", map[string]string{"algorithm": "job"}},
	{"ro", map[string]string{"r": "ro", "read": "ro", "readonly": "ro", "w": "rw", "write": "rw", "readwrite": "rw", "rdonly": "ro"}},
}

// meantValue returns the allowed value that a word stands for, or "".
func meantValue(word string, allowed []string) string {
	for _, v := range valueSynonyms {
		if to := v.words[fold(word)]; to != "" && slices.Contains(allowed, v.allowed) {
			return to
		}
	}
	return diag.Meant(strings.TrimSpace(word), allowed)
}

// allNames are the names of all members of a manifest.
var allNames = sync.OnceValue(func() []string {
	names := map[string]bool{}
	collect(described(), names)
	return slices.Sorted(maps.Keys(names))
})

func collect(schema map[string]any, names map[string]bool) {
	members, _ := schema["properties"].(map[string]any)
	for name, member := range members {
		names[name] = true
		if m, ok := member.(map[string]any); ok {
			collect(m, names)
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		collect(items, names)
	}
}
