package verify

import (
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/verify/cases"
)

// A Probe asks one question about a run. Its findings point into the manifest.
type Probe struct {
	diag.Rule
	Check func(*Run)
}

// probes are all probes, in the order of the events of a run.
var probes = []*Probe{
	cannotStart,
	jobTimeout,
	memoryKilled,
	processesTooMany,
	exitSignal,
	exitMapped,
	exitUndeclared,
	exitUnexpected,
	networkMissing,
	expectedText,
	expectedOutput,
	expectedJSON,
	outputMissing,
	outputPlurality,
	outputUnreadable,
	outputLinkOutside,
	outputNoFile,
	outputShared,
	outputMediaType,
	outputUncaptured,
	outputsFileMissing,
	outputsFileMisplaced,
	outputsFileSyntax,
	outputsKeyMissing,
	outputsKeyDuplicate,
	outputsKeyUnexpected,
	outputsType,
	outputsInteger,
	sideCarInvalid,
	sideCarDate,
	sideCarOrphan,
	diskExceeded,
	cpusExceeded,
	memoryExceeded,
	memoryUnused,
	sharedMemoryExhausted,
	secretShown,
	inputWritten,
	writesElsewhere,
	processesLeft,
	ranAsRoot,
	resourceUnknown,
}

// Rules returns all rules of smoke files, of runs and of published images.
func Rules() []*diag.Rule {
	rules := append(cases.Rules(), caseSkipped, caseInconclusive, smokeRequired, outputsDiffer, programPlatform, platformUnknown, supervisorStopped, commandRefused, nothingToRun, imageSetsInput)
	for _, p := range probes {
		rules = append(rules, &p.Rule)
	}
	return slices.Concat(rules, publishedRules)
}
