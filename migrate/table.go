package migrate

import (
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A row says what becomes of one member.
type row struct {
	// names are the member's names, the newest first. If several are there, the first counts and the others are losses.
	names string
	// to is the member of 1.0.0 that takes the value, and note says how, for the documentation.
	to, note string
	// do converts the member at a place of the old document into the object at a place of the new one.
	do func(c *converter, from, to seed.Pointer)
	// each: members of all names count, since their lists are put together.
	each bool
	// current: the first name is that of 1.0.0 and its value is taken as it is.
	current bool
}

// A table has the rows of one object. Members without a row are losses.
type table struct {
	object string // what the documentation calls it
	at     string // places in the old documents, elements of arrays as "*"
	rows   []row
}

// same is a row for members that 1.0.0 has as well: the value stays, under the first of the names.
func same(names string) row {
	first, _, _ := strings.Cut(names, " ")
	return row{names: names, to: first, current: true, do: func(c *converter, from, to seed.Pointer) { c.leaf(from, to.Member(first)) }}
}

// nothing is the step of a member that another step reads.
func nothing(*converter, seed.Pointer, seed.Pointer) {}

var rootTable = &table{"document", "/", []row{
	{names: "seedVersion manifestVersion manifest_version", to: "seedVersion", note: `becomes "1.0.0"`, do: nothing, current: true},
	{names: "job", to: "job", do: (*converter).onlyJob, current: true},
	{names: "jobs", to: "job", note: "one manifest for each", do: (*converter).jobs},
}}

var jobTable = &table{"job", "/* /jobs/* /job", []row{
	{names: "name", to: "name", note: "lower case, `_` becomes `-`; if it still is no name: question `job-name`", do: (*converter).jobName, current: true},
	{names: "jobVersion algorithmVersion version", to: "jobVersion", note: "no SemVer: question `job-version`", current: true,
		do: func(c *converter, from, to seed.Pointer) { c.version(from, to.Member("jobVersion")) }},
	{names: "packageVersion", to: "packageVersion", note: "1.0.0 if there was none; no SemVer: question `package-version`", current: true,
		do: func(c *converter, from, to seed.Pointer) { c.version(from, to.Member("packageVersion")) }},
	same("title"),
	same("description"),
	same("tags tag"),
	{names: "maintainer", to: "maintainer", do: func(c *converter, from, to seed.Pointer) { c.objectAt(from, to.Member("maintainer"), maintainerTable) }, current: true},
	{names: "authorName author_name", to: "maintainer.name", do: toMaintainer("name")},
	{names: "authorEmail", to: "maintainer.email", note: "was never required: question `maintainer-email` if it is missing", do: toMaintainer("email")},
	{names: "authorUrl author_url", to: "maintainer.url", do: toMaintainer("url")},
	same("timeout"),
	{names: "resources", to: "resources", do: (*converter).resources, current: true},
	{names: "cpus cpus_required", to: "resources.scalar: cpus", do: amount("cpus")},
	{names: "mem mem_required", to: "resources.scalar: mem", do: amount("mem")},
	{names: "storage disk_out_const_required", to: "resources.scalar: disk", note: "0 without a multiplier is left out", do: amount("disk")},
	{names: "disk_out_mult_required", to: "inputMultiplier of disk", note: "0 is left out", do: (*converter).multiplier},
	{names: "sharedMem shared_mem", to: "resources.scalar: sharedMem", note: "0 is left out", do: amount("sharedMem")},
	{names: "interface", to: "interface", do: (*converter).iface, current: true},
	{names: "errors errorMapping error_mapping", to: "errors", do: (*converter).errorList, each: true, current: true},
}}

var maintainerTable = &table{"maintainer", "/job/maintainer", []row{same("name"), same("organization"), same("email"), same("url"), same("phone")}}

var interfaceTable = &table{"interface", "/*/interface /jobs/*/interface /job/interface", []row{
	{names: "command", to: "command", note: "in the first JobPack the name of the program, see below", do: (*converter).command, current: true},
	{names: "cmd", to: "command", note: "see below", do: (*converter).program},
	{names: "args command_arguments", to: "command", note: "see below", do: (*converter).arguments},
	{names: "resources", to: "job.resources", do: (*converter).outerResources},
	{names: "inputs inputData input_data", to: "inputs", note: "elements of an array go to `files` or `json`, as their `type` says", do: (*converter).inputs, each: true, current: true},
	{names: "outputs outputData output_data", to: "outputs", note: "likewise", do: (*converter).outputs, each: true, current: true},
	{names: "mounts", to: "mounts", do: func(c *converter, from, to seed.Pointer) { c.list(from, to.Member("mounts"), mountTable) }, current: true},
	{names: "settings", to: "settings", do: func(c *converter, from, to seed.Pointer) { c.list(from, to.Member("settings"), settingTable) }, current: true},
	{names: "envVars env_vars", to: "settings", note: "a variable that only hands a setting on gives it its name; any other is loss `env-var`", do: (*converter).envVars, each: true},
}}

var inputsTable = &table{"inputs", "/jobs/*/interface/inputData /job/interface/inputData /job/interface/inputs", []row{
	{names: "files", to: "files", do: func(c *converter, from, to seed.Pointer) { c.list(from, to.Member("files"), inputFileTable) }, current: true},
	{names: "json", to: "json", do: func(c *converter, from, to seed.Pointer) { c.list(from, to.Member("json"), inputJSONTable) }, current: true},
}}

var outputsTable = &table{"outputs", "/jobs/*/interface/outputData /job/interface/outputData /job/interface/outputs", []row{
	{names: "files", to: "files", do: func(c *converter, from, to seed.Pointer) { c.list(from, to.Member("files"), outputFileTable) }, current: true},
	{names: "json", to: "json", do: func(c *converter, from, to seed.Pointer) { c.list(from, to.Member("json"), outputJSONTable) }, current: true},
}}

// Places of elements in the arrays of JobPack.
const (
	inputArrays  = "/*/interface/input_data/* /jobs/*/interface/inputData/* "
	outputArrays = "/*/interface/output_data/* /jobs/*/interface/outputData/* "
)

var inputFileTable = &table{"input file", inputArrays + "/jobs/*/interface/inputData/files/* /job/interface/inputData/files/* /job/interface/inputs/files/*",
	append(inputFileRows[:len(inputFileRows):len(inputFileRows)], contentRow(inputFileContent))}

var inputFileContent = &table{"content of an input file", "/jobs/*/interface/inputData/*/content", inputFileRows[1:]}

var inputFileRows = []row{
	nameRow,
	same("mediaTypes mediaType media_types"),
	same("multiple"),
	same("partial"),
	same("required"),
	placeRow,
}

var inputJSONTable = &table{"JSON input", inputArrays + "/jobs/*/interface/inputData/json/* /job/interface/inputData/json/* /job/interface/inputs/json/*",
	append(inputJSONRows[:len(inputJSONRows):len(inputJSONRows)], contentRow(inputJSONContent))}

var inputJSONContent = &table{"content of a JSON input", "/jobs/*/interface/inputData/*/content", inputJSONRows[1:]}

var inputJSONRows = []row{nameRow, typeRow, same("required")}

var outputFileTable = &table{"output file", outputArrays + "/jobs/*/interface/outputData/files/* /job/interface/outputData/files/* /job/interface/outputs/files/*",
	append(outputFileRows[:len(outputFileRows):len(outputFileRows)], contentRow(outputFileContent))}

var outputFileContent = &table{"content of an output file", "/jobs/*/interface/outputData/*/content", outputFileRows[1:]}

var outputFileRows = []row{
	nameRow,
	same("mediaType media_type"),
	same("pattern glob"),
	same("multiple"),
	{names: "count", to: "multiple", note: "`1`: nothing; `*`: true; any other number: true and loss `count`", do: (*converter).count},
	same("required"),
	placeRow,
}

var outputJSONTable = &table{"JSON output", outputArrays + "/jobs/*/interface/outputData/json/* /job/interface/outputData/json/* /job/interface/outputs/json/*",
	append(outputJSONRows[:len(outputJSONRows):len(outputJSONRows)], contentRow(outputJSONContent))}

var outputJSONContent = &table{"content of a JSON output", "/jobs/*/interface/outputData/*/content", outputJSONRows[1:]}

var outputJSONRows = []row{nameRow, same("key"), typeRow, same("required")}

var mountTable = &table{"mount", "/jobs/*/interface/mounts/* /job/interface/mounts/*", []row{nameRow, same("path"), same("mode")}}

var settingTable = &table{"setting", "/jobs/*/interface/settings/* /job/interface/settings/*", []row{
	{names: "name", to: "name", note: "see `envVars`; no name: question `name`", do: (*converter).settingName, current: true},
	same("secret"),
	{names: "value", note: "loss `setting-value`: executors give the value", do: (*converter).settingValue},
}}

var envVarTable = &table{"environment variable", "/jobs/*/interface/envVars/* /jobs/*/interface/env_vars/* /job/interface/envVars/*", []row{
	{names: "name", to: "settings.name", note: "see above", do: nothing},
	{names: "value", note: "see above", do: nothing},
}}

var scalarsTable = &table{"resources", "/job/resources /job/interface/resources", []row{
	{names: "scalar", to: "scalar", do: func(c *converter, from, _ seed.Pointer) { c.scalarList(from) }, current: true},
}}

var scalarTable = &table{"scalar resource", "/job/resources/scalar/* /job/interface/resources/scalar/*", []row{
	{names: "name", to: "name", note: "`cpu` becomes `cpus`; beside `cpus` it is loss `member`", do: (*converter).scalarName, current: true},
	same("value"),
	same("inputMultiplier"),
}}

var errorTable = &table{"error", "/*/error_mapping/* /jobs/*/errorMapping/* /job/errorMapping/* /job/errors/*", []row{
	same("code"),
	{names: "name", to: "name", note: "the slug of the name, or else of the title", do: nothing, current: true}, // errorName reads it
	same("title"),
	same("description"),
	{names: "category", to: "category", note: "algorithm becomes job; system becomes job and loss `category-system`", do: (*converter).category, current: true},
}}

// tables are all tables, in the order of the documentation.
var tables = []*table{rootTable, jobTable, maintainerTable, scalarsTable, scalarTable, interfaceTable, inputsTable, inputFileTable, inputFileContent,
	inputJSONTable, inputJSONContent, outputsTable, outputFileTable, outputFileContent, outputJSONTable, outputJSONContent, mountTable, settingTable,
	envVarTable, errorTable}

var nameRow = row{names: "name", to: "name", note: "no name: question `name`", current: true,
	do: func(c *converter, from, to seed.Pointer) { c.name(from, to.Member("name")) }}

var typeRow = row{names: "type", to: "type", note: "`json` in an array says where the element goes", do: (*converter).jsonType, current: true}

var placeRow = row{names: "type", note: "`file` says where the element goes", do: (*converter).fileType}

func contentRow(t *table) row {
	return row{names: "content", note: "its members move up", do: func(c *converter, from, to seed.Pointer) { c.objectAt(from, to, t) }}
}

// amount is the step of a resource that was a member of the job.
func amount(name string) func(*converter, seed.Pointer, seed.Pointer) {
	return func(c *converter, from, _ seed.Pointer) { c.amounts[name] = from }
}

func toMaintainer(member string) func(*converter, seed.Pointer, seed.Pointer) {
	return func(c *converter, from, to seed.Pointer) { c.leaf(from, to.Member("maintainer").Member(member)) }
}

// A Table says what becomes of the members of one object, for the documentation.
type Table struct {
	Object string // in words
	Rows   []Row
}

// A Row says what becomes of one member.
type Row struct {
	Names []string // in all forms, the newest first
	To    string   // the member of 1.0.0; empty if there is none
	Note  string
}

// Tables returns the tables that Convert goes by, without members that keep their name and value.
func Tables() []Table {
	var all []Table
	for _, t := range tables {
		table := Table{Object: t.object}
		for _, r := range t.rows {
			names := strings.Fields(r.names)
			if strings.HasPrefix(t.object, "content of") || len(names) == 1 && names[0] == r.to && r.note == "" {
				continue
			}
			table.Rows = append(table.Rows, Row{names, r.to, r.note})
		}
		if len(table.Rows) > 0 {
			all = append(all, table)
		}
	}
	return all
}
