package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/seedpack/seedpack/diag"
)

// A synonym is a name that authors write for a member, with what to write in its place. The names stand in real manifests,
// in older versions of the standard and JobPack, or in the systems that authors come from.
type synonym struct {
	// to is the member of the same object that replaces it. If it is empty, the hint says what to do.
	to, hint string
	// older is true if the member had this name in an older version, so that only the name differs.
	older bool
	// replaces is the member that this one stands for, although it cannot simply be renamed.
	replaces string
}

func scalar(name string, value int) synonym {
	return synonym{replaces: "resources", hint: fmt.Sprintf(`it is an element of "resources.scalar": {"name": "%s", "value": %d}`, name, value)}
}

// perMiB is for members of JobPack that say how much of a resource is needed for each MiB of the inputs.
func perMiB(name string) synonym {
	return synonym{replaces: "resources", hint: fmt.Sprintf(`it is "inputMultiplier" of an element of "resources.scalar": {"name": "%s", "value": 64, "inputMultiplier": 1}`, name)}
}

func inside(object, member string) synonym {
	return synonym{hint: fmt.Sprintf("write %s, within %q", diag.Quote(member), object)}
}

func meant(to string) synonym { return synonym{to: to} }

func older(to string) synonym { return synonym{to: to, older: true} }

func hint(text string) synonym { return synonym{hint: text} }

// of is inside for a required object, which then is not missing as well.
func of(object, member string) synonym {
	s := inside(object, member)
	s.replaces = object
	return s
}

var (
	environment = synonym{hint: `write "settings": [{"name": "…"}]; a value that never changes is ENV in the Dockerfile`, replaces: "settings"}
	volumes     = synonym{hint: `write "mounts": [{"name": "…", "path": "/…", "mode": "ro"}]`, replaces: "mounts"}
	several     = hint(`write "multiple": true for more than one file`)
	inputWords  = hint("take it out: describe inputs in the description of the job")
	outputWords = hint("take it out: describe outputs in the description of the job")
)

// synonyms are told apart by object: its pointer, with * for an index. Names are in lower case, without separators. Only an unknown
// member needs them.
var synonyms = sync.OnceValue(func() map[string]map[string]synonym {
	return map[string]map[string]synonym{
		"": {
			"manifestversion": older("seedVersion"),
			"jobs":            {hint: "a Seed manifest holds one job: write a manifest with \"job\" for each", replaces: "job"},
			"specversion":     meant("seedVersion"), "version": hint("write seedVersion for the version of the standard, and jobVersion and packageVersion, within \"job\", for those of the job"),
			"schemaversion": hint("write seedVersion for the version of the standard"), "apiversion": hint("write seedVersion for the version of the standard"),
			"schema":  hint("take it out: the standard allows its own members only"),
			"$schema": hint("take it out: the standard allows its own members only"),
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
			"authorname":  of("maintainer", "name"), "authoremail": of("maintainer", "email"), "authorurl": of("maintainer", "url"), "homepage": inside("maintainer", "url"),
			"website": inside("maintainer", "url"), "repository": inside("maintainer", "url"), "documentation": inside("maintainer", "url"),
			"desc": meant("description"), "descr": meant("description"), "jobname": meant("name"), "algorithmname": meant("name"), "categories": meant("tags"),
			"pkgversion": meant("packageVersion"), "imageversion": meant("packageVersion"), "containerversion": meant("packageVersion"),
			"license": hint("take it out: a manifest has no licence; say it in the description, or in the label org.opencontainers.image.licenses of the image"),
			"licence": hint("take it out: a manifest has no licence; say it in the description, or in the label org.opencontainers.image.licenses of the image"),
			"schema":  hint("take it out: the standard allows its own members only"), "$schema": hint("take it out: the standard allows its own members only"),
			"cpu": scalar("cpus", 1), "cpus": scalar("cpus", 1), "cores": scalar("cpus", 1), "cpusrequired": scalar("cpus", 1),
			"mem": scalar("mem", 64), "memory": scalar("mem", 64), "ram": scalar("mem", 64), "memrequired": scalar("mem", 64), "memorymb": scalar("mem", 64), "memconstrequired": scalar("mem", 64),
			"sharedmemrequired": scalar("sharedMem", 64), "diskspace": scalar("disk", 64), "diskoutconstrequired": scalar("disk", 64), "diskrequired": scalar("disk", 64),
			"memmultrequired": perMiB("mem"), "diskoutmultrequired": perMiB("disk"),
			"seedversion": hint(`write it at the root of the manifest, beside "job"`),
			"storage":     scalar("disk", 64), "disk": scalar("disk", 64), "sharedmem": scalar("sharedMem", 64), "sharedmemory": scalar("sharedMem", 64), "shmsize": scalar("sharedMem", 64),
			"gpu": scalar("gpus", 1), "gpus": scalar("gpus", 1),
			"inputdata": inside("interface", "inputs"), "outputdata": inside("interface", "outputs"), "input": inside("interface", "inputs"), "output": inside("interface", "outputs"),
			"basecommand": inside("interface", "command"), "run": inside("interface", "command"),
			"environmentvariables": inside("interface", "settings"), "envs": inside("interface", "settings"), "variables": inside("interface", "settings"), "secrets": inside("interface", "settings"),
			"params": hint(`write "json", within "interface.inputs"`), "parameters": hint(`write "json", within "interface.inputs"`),
			"cmd": inside("interface", "command"), "args": inside("interface", "command"), "arguments": inside("interface", "command"),
			"entrypoint": hint(`write ENTRYPOINT in the Dockerfile, and its arguments as "command", within "interface"`),
			"env":        inside("interface", "settings"), "envvars": inside("interface", "settings"), "environment": inside("interface", "settings"),
			"volumes": inside("interface", "mounts"), "image": hint("take it out: name and jobVersion make the name of the image"),
			"dockerimage": hint("take it out: name and jobVersion make the name of the image"),
			"duration":    hint("write timeout, in seconds"), "maxduration": hint("write timeout, in seconds"),
			"walltime": hint("write timeout, in seconds"), "timelimit": hint("write timeout, in seconds"), "maxruntime": hint("write timeout, in seconds"),
		},
		"/job/maintainer": {
			"mail": meant("email"), "emailaddress": meant("email"), "organisation": meant("organization"), "org": meant("organization"), "company": meant("organization"),
			"website": meant("url"), "homepage": meant("url"), "telephone": meant("phone"), "tel": meant("phone"), "phonenumber": meant("phone"),
			"fullname": meant("name"), "institution": meant("organization"), "affiliation": meant("organization"), "institute": meant("organization"), "web": meant("url"), "link": meant("url"),
			"mobile": meant("phone"),
		},
		"/job/resources": {
			"cpu": scalar("cpus", 1), "cpus": scalar("cpus", 1), "cores": scalar("cpus", 1), "mem": scalar("mem", 64), "memory": scalar("mem", 64), "ram": scalar("mem", 64),
			"disk": scalar("disk", 64), "storage": scalar("disk", 64), "sharedmem": scalar("sharedMem", 64), "gpu": scalar("gpus", 1), "gpus": scalar("gpus", 1),
		},
		"/job/resources/scalar/*": {
			"amount": meant("value"), "quantity": meant("value"), "size": meant("value"), "count": meant("value"), "multiplier": meant("inputMultiplier"),
			"type": hint("take it out: all amounts are numbers"), "unit": hint("take it out: mem, disk and sharedMem are in MiB"), "units": hint("take it out: mem, disk and sharedMem are in MiB"),
			"factor": meant("inputMultiplier"), "min": hint("take it out: a resource has one value, which the job needs at least"), "max": hint("take it out: a resource has one value, which the job needs at least"),
			"limit": hint("take it out: a resource has one value, which the job needs at least"), "request": meant("value"),
			"description": hint("take it out: describe resources in the description of the job"), "title": hint("take it out: describe resources in the description of the job"),
		},
		"/job/interface": {
			"cmd": older("command"), "args": older("command"), "arguments": meant("command"), "commandarguments": older("command"),
			"entrypoint": hint("write ENTRYPOINT in the Dockerfile: command has its arguments"),
			"inputdata":  older("inputs"), "outputdata": older("outputs"), "input": meant("inputs"), "output": meant("outputs"), "in": meant("inputs"), "out": meant("outputs"),
			"commandline": meant("command"), "basecommand": meant("command"),
			"env": environment, "envs": environment, "envvars": environment, "environment": environment, "environmentvariables": environment, "variables": environment, "config": environment,
			"secrets": {hint: `write "settings": [{"name": "…", "secret": true}]`, replaces: "settings"},
			"volumes": volumes, "volume": volumes, "binds": volumes, "mountpoints": volumes,
			"params": {hint: `write "json", within "inputs"`, replaces: "inputs"}, "parameters": {hint: `write "json", within "inputs"`, replaces: "inputs"},
			"files": {hint: `write "files", within "inputs" or "outputs"`, replaces: "inputs"}, "json": {hint: `write "json", within "inputs" or "outputs"`, replaces: "inputs"},
			"workdir": hint("write WORKDIR in the Dockerfile"), "workingdir": hint("write WORKDIR in the Dockerfile"), "user": hint("write USER in the Dockerfile"), "ports": hint("take it out: executors publish no ports of a job"),
		},
		"/job/interface/inputs": {
			"file": meant("files"), "params": meant("json"), "parameters": meant("json"), "data": hint(`write "files" for files, and "json" for values`),
			"directories": hint(`write "files", with "multiple": true for a directory of files`), "literals": meant("json"), "values": meant("json"), "properties": meant("json"),
		},
		"/job/interface/inputs/files/*": {
			"mediatype": older("mediaTypes"), "type": meant("mediaTypes"), "mimetype": meant("mediaTypes"), "mimetypes": meant("mediaTypes"), "formats": meant("mediaTypes"),
			"format": meant("mediaTypes"), "mime": meant("mediaTypes"), "types": meant("mediaTypes"), "contenttype": meant("mediaTypes"),
			"extension": hint(`write "mediaTypes"`), "extensions": hint(`write "mediaTypes"`), "mandatory": meant("required"), "isrequired": meant("required"),
			"array": several, "isarray": several, "list": several, "multi": several, "many": several, "min": several, "max": several, "minoccurs": several, "maxoccurs": several,
			"directory": several, "isdirectory": several, "nullable": hint(`write "required": false for an optional input`),
			"path": hint("take it out: an input has no pattern, and the executor gives the path"), "pattern": hint("take it out: an input has no pattern, and the executor gives the path"),
			"glob": hint("take it out: an input has no pattern, and the executor gives the path"), "optional": hint(`write "required": false for an optional input`),
			"count": several, "default": hint("take it out: an input has no default"),
			"description": inputWords, "title": inputWords, "desc": inputWords, "doc": inputWords, "label": inputWords, "summary": inputWords, "comment": inputWords,
		},
		"/job/interface/inputs/json/*": {
			"optional": hint(`write "required": false for an optional input`), "default": hint("take it out: an input has no default"), "datatype": meant("type"), "jsontype": meant("type"),
			"mandatory": meant("required"), "isrequired": meant("required"), "nullable": hint(`write "required": false for an optional input`),
			"description": inputWords, "title": inputWords, "desc": inputWords, "doc": inputWords, "label": inputWords, "summary": inputWords, "comment": inputWords,
			"key": hint("take it out: an input has only a name"),
		},
		"/job/interface/outputs": {
			"file": meant("files"), "directories": hint(`write "files", with a pattern such as "dir/*"`), "parameters": meant("json"), "values": meant("json"), "properties": meant("json"),
		},
		"/job/interface/outputs/files/*": {
			"path": older("pattern"), "glob": older("pattern"), "filename": meant("pattern"), "type": meant("mediaType"), "mimetype": meant("mediaType"), "mediatypes": meant("mediaType"),
			"format": meant("mediaType"), "count": several, "optional": hint(`write "required": false for an optional output`),
			"partial": hint("take it out: only inputs can be partial"), "description": outputWords, "title": outputWords, "desc": outputWords, "doc": outputWords, "label": outputWords, "summary": outputWords, "comment": outputWords,
			"file": meant("pattern"), "regex": hint("write a glob as pattern, such as *.tif; executors know no regular expressions"), "globpattern": meant("pattern"), "mime": meant("mediaType"),
			"contenttype": meant("mediaType"), "array": several, "isarray": several, "list": several, "many": several, "mandatory": meant("required"), "isrequired": meant("required"),
			"directory": hint(`write the directory in the pattern, as in "dir/*.tif"`),
		},
		"/job/interface/outputs/json/*": {
			"optional": hint(`write "required": false for an optional output`), "datatype": meant("type"), "member": meant("key"), "jsonkey": meant("key"), "field": meant("key"), "property": meant("key"),
			"description": outputWords, "title": outputWords, "desc": outputWords, "doc": outputWords, "label": outputWords, "summary": outputWords, "comment": outputWords, "mandatory": meant("required"), "isrequired": meant("required"),
			"pattern": hint("take it out: a json output is a member of seed.outputs.json, by its key"), "path": hint("take it out: a json output is a member of seed.outputs.json, by its key"),
		},
		"/job/interface/mounts/*": {
			"readonly": hint(`write "mode": "ro", or "rw" for a mount that the job writes to`), "ro": hint(`write "mode": "ro"`), "rw": hint(`write "mode": "rw"`),
			"access": meant("mode"), "containerpath": meant("path"), "mountpath": meant("path"), "target": meant("path"), "destination": meant("path"),
			"hostpath": hint("take it out: the executor decides what is mounted"), "source": hint("take it out: the executor decides what is mounted"), "host": hint("take it out: the executor decides what is mounted"),
		},
		"/job/interface/settings/*": {
			"value": hint("take it out: the operator of the executor gives the value"), "default": hint("take it out: the operator of the executor gives the value"),
			"key": meant("name"), "sensitive": meant("secret"), "issecret": meant("secret"), "secure": meant("secret"), "private": meant("secret"),
			"required": hint("take it out: all settings are given"), "optional": hint("take it out: all settings are given"), "defaultvalue": hint("take it out: the operator of the executor gives the value"),
			"type": hint("take it out: all settings are text"), "description": hint("take it out: describe settings in the description of the job"), "title": hint("take it out: describe settings in the description of the job"),
		},
		"/job/errors/*": {
			"exitcode": meant("code"), "exit": meant("code"), "exitstatus": meant("code"), "returncode": meant("code"), "status": meant("code"), "errorcode": meant("code"),
			"message": meant("description"), "type": meant("category"), "rc": meant("code"), "value": meant("code"), "label": meant("title"),
			"desc": meant("description"), "msg": meant("description"), "detail": meant("description"), "details": meant("description"), "reason": meant("description"),
			"kind": meant("category"),
		},
	}
})

// valueSynonyms are values that authors write in place of those of an enumeration, by the allowed value.
var valueSynonyms = []struct {
	allowed string // one of the allowed values, which tells the enumeration
	words   map[string]string
}{
	{"integer", map[string]string{"int": "integer", "int8": "integer", "int16": "integer", "int32": "integer", "int64": "integer", "uint": "integer", "uint8": "integer", "uint16": "integer",
		"uint32": "integer", "uint64": "integer", "short": "integer", "long": "integer", "bool": "boolean", "float": "number", "float32": "number", "float64": "number", "double": "number",
		"real": "number", "decimal": "number", "num": "number", "numeric": "number", "list": "array", "tuple": "array", "set": "array", "vector": "array", "sequence": "array", "arr": "array",
		"dict": "object", "dictionary": "object", "map": "object", "mapping": "object", "hash": "object", "struct": "object", "record": "object", "obj": "object", "jsonobject": "object",
		"str": "string", "text": "string", "char": "string", "varchar": "string", "unicode": "string"}},
	{"data", map[string]string{"algorithm": "job"}},
	{"ro", map[string]string{"r": "ro", "read": "ro", "readonly": "ro", "readonlymany": "ro", "w": "rw", "write": "rw", "readwrite": "rw", "readwritemany": "rw", "readwriteonce": "rw",
		"rdonly": "ro", "r/w": "rw", "r+w": "rw", "rdwr": "rw"}},
}

// meantValue returns the allowed value that a word stands for, or "".
func meantValue(word string, allowed []string) string {
	word = strings.TrimSpace(word)
	types := slices.Contains(allowed, "integer")
	if base, list := strings.CutSuffix(word, "[]"); types && list && isWord(base) {
		return "array"
	}
	if n := strings.IndexAny(word, "[<("); types && n > 0 { // array<string>, List[int], Dict[str, int]
		if word = word[:n]; meantValue(word, allowed) != "array" && meantValue(word, allowed) != "object" {
			return ""
		}
	}
	if n := strings.IndexAny(word, ",:"); n > 0 && slices.Contains(allowed, word[:n]) {
		return word[:n] // as ro,z
	}
	for _, v := range valueSynonyms {
		if to := v.words[fold(word)]; to != "" && slices.Contains(allowed, v.allowed) {
			return to
		}
	}
	if !isWord(word) {
		return ""
	}
	return diag.Meant(word, allowed)
}

// isWord reports whether a text has only letters, digits and what joins them.
func isWord(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_ .", r)
	})
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
