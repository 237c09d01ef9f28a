package compare

// A Row says what one kind of change of some members means.
type Row struct {
	// At are the members: pointers into a manifest, with * for the elements of a list. An element itself is added or
	// removed. Pointers that are no manifest's are about images.
	At     []string
	Change string // which changes the row is about
	Class  Class
	Rise   Rise
	// when reports whether a change is one of the row's. Of the rows of a member the first that fits counts. It is nil for
	// rows about images, which image.go knows by their variables.
	when func(change) bool
}

// at returns the pointers of a row.
func at(pointers ...string) []string { return pointers }

// Lists and objects of a manifest that rows name.
const (
	job         = "/job"
	scalar      = job + "/resources/scalar/*"
	inputFiles  = job + "/interface/inputs/files/*"
	inputJSON   = job + "/interface/inputs/json/*"
	outputFiles = job + "/interface/outputs/files/*"
	outputJSON  = job + "/interface/outputs/json/*"
	mounts      = job + "/interface/mounts/*"
	settings    = job + "/interface/settings/*"
	jobErrors   = job + "/errors/*"
)

// manifestRows are all rows about manifests. A member that no row names is compared by unknownMember.
var manifestRows = []Row{
	{at("/seedVersion"), "any", Words, Either, always},

	{at(job+"/title", job+"/description", job+"/tags"), "any; tags are a set", Words, Either, always},
	{at(job+"/maintainer/name", job+"/maintainer/organization", job+"/maintainer/email", job+"/maintainer/url", job+"/maintainer/phone"),
		"any", Words, Either, always},
	{at(job + "/timeout"), "any", Behaviour, Either, always},

	{at(scalar), "cpus, mem, disk or sharedMem is added", Behaviour, Either, both(added, standardResource)},
	{at(scalar), "any other is added, gpus too", Breaking, Major, added},
	{at(scalar), "renamed to one that is not cpus, mem, disk or sharedMem", Breaking, Major, renamed},
	{at(scalar), "removed", Behaviour, Either, removed},
	{at(scalar+"/value", scalar+"/inputMultiplier"), "any", Behaviour, Either, always},

	{at(job + "/interface/command"), "any but outer white space", Behaviour, Patch, always},

	{at(inputFiles, inputJSON), "added and required", Breaking, Major, both(added, required)},
	{at(inputFiles, inputJSON), "added and optional", Addition, Minor, added},
	{at(inputFiles, inputJSON), "removed or renamed", Breaking, Major, always},
	{at(inputFiles+"/required", inputJSON+"/required"), "false → true", Breaking, Major, becomes(true)},
	{at(inputFiles+"/required", inputJSON+"/required"), "true → false", Addition, Minor, becomes(false)},
	{at(inputFiles + "/mediaTypes"), "a type is gone, or absent (any) → some", Breaking, Major, typesGone},
	{at(inputFiles + "/mediaTypes"), "types came, or some → absent", Addition, Minor, typesCame},
	{at(inputFiles + "/mediaTypes"), "only the spelling of a type that lint would fix", Words, Either, typesSpelled},
	{at(inputFiles + "/multiple"), "true → false", Breaking, Major, becomes(false)},
	{at(inputFiles + "/multiple"), "false → true", Addition, Minor, becomes(true)},
	{at(inputFiles + "/partial"), "any", Behaviour, Patch, always},
	{at(inputJSON + "/type"), "any: executors want equal types", Breaking, Major, always},

	{at(outputFiles, outputJSON), "added", Addition, Minor, added},
	{at(outputFiles, outputJSON), "removed or renamed", Breaking, Major, always},
	{at(outputFiles+"/required", outputJSON+"/required"), "true → false", Breaking, Major, becomes(false)},
	{at(outputFiles+"/required", outputJSON+"/required"), "false → true", Addition, Minor, becomes(true)},
	{at(outputFiles + "/multiple"), "false → true", Breaking, Major, becomes(true)},
	{at(outputFiles + "/multiple"), "true → false", Addition, Minor, becomes(false)},
	{at(outputFiles + "/mediaType"), "absent → some", Addition, Minor, appears},
	{at(outputFiles + "/mediaType"), "only the spelling of a type that lint would fix", Words, Either, typeSpelled},
	{at(outputFiles + "/mediaType"), "any other", Breaking, Major, always},
	{at(outputFiles + "/pattern"), "any", Behaviour, Patch, always},
	{at(outputJSON + "/key"), "any; absent it is the name", Behaviour, Patch, always},
	{at(outputJSON + "/type"), "any", Breaking, Major, always},

	{at(mounts), "added or renamed", Breaking, Major, not(removed)},
	{at(mounts), "removed", Behaviour, Patch, removed},
	{at(mounts + "/path"), "any", Behaviour, Either, always},
	{at(mounts + "/mode"), "ro → rw", Breaking, Major, becomes("rw")},
	{at(mounts + "/mode"), "rw → ro", Behaviour, Patch, becomes("ro")},

	{at(settings), "added or renamed", Breaking, Major, not(removed)},
	{at(settings), "removed", Behaviour, Patch, removed},
	{at(settings + "/secret"), "any", Breaking, Major, always},

	{at(jobErrors), "added", Addition, Minor, added},
	{at(jobErrors), "removed, or renamed with the same code", Behaviour, Patch, always},
	{at(jobErrors+"/code", jobErrors+"/category"), "any", Behaviour, Patch, always},
	{at(jobErrors+"/title", jobErrors+"/description"), "any", Words, Either, always},
}

// unknownMember is about members that the schema does not know. They are in the image's label, so the image changes.
var unknownMember = Row{at("any other member"), "any", Words, Either, always}

// unchanged are differences that count for nothing.
var unchanged = []Row{
	{at("any list"), "its order", None, Nothing, nil},
	{at("required: true, multiple: false, partial: false, mode: ro, secret: false, category: job"), "a default appears or goes", None, Nothing, nil},
}

// Rows about images, by diff IDs and configuration of each platform, and about sources.
var (
	rowSources = Row{at("the files that the image is built from"), "any, if no image is at hand", Behaviour, Either, nil}
	rowFiles   = Row{at("files of the merged root"), "path, content, mode, owner or link", Behaviour, Either, nil}
	rowConfig  = Row{at("entry point, CMD, user, working directory, environment"), "any", Behaviour, Either, nil}
	rowLabels  = Row{at("other labels, exposed ports, volumes, stop signal, health check, history"), "any", Words, Either, nil}
	rowNothing = Row{at("labels of revision, creation, source and base image; order and times of files"), "these alone", None, Nothing, nil}
	rowLess    = Row{at("platforms"), "one is gone", Breaking, Major, nil}
	rowMore    = Row{at("platforms"), "one came", Addition, Minor, nil}
)

// Rows returns the whole table, for documents.
func Rows() []Row {
	all := append(append([]Row{}, manifestRows...), unknownMember)
	all = append(all, unchanged...)
	return append(all, rowSources, rowFiles, rowConfig, rowLabels, rowNothing, rowLess, rowMore)
}

// identity are the members that say which state of which job a manifest is. They are no changes of it.
var identity = at(job+"/name", job+"/jobVersion", job+"/packageVersion")

// absent are the values of members that are not written.
var absent = map[string]any{
	inputFiles + "/required": true, inputJSON + "/required": true, outputFiles + "/required": true, outputJSON + "/required": true,
	inputFiles + "/multiple": false, outputFiles + "/multiple": false, inputFiles + "/partial": false,
	mounts + "/mode": "ro", settings + "/secret": false, jobErrors + "/category": "job",
	scalar + "/inputMultiplier": zero, job + "/interface/command": "",
}

// sets are the lists whose order and repetitions mean nothing.
var sets = map[string]bool{job + "/tags": true, inputFiles + "/mediaTypes": true}
