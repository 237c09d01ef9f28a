package export

import "github.com/seedpack/seedpack/diag"

// Impossible is reported for each member of a manifest that a target cannot express, and cannot leave out either.
var Impossible = &diag.Rule{ID: "export-impossible", Severity: diag.Error,
	Summary: "a job must be expressible in the system that it is exported to",
	Doc: `Other systems have limits of their own: names of 64 characters, 50 parameters, or an ENTRYPOINT that must be known.
A job that is beyond them would run there in another way than its manifest says, or not at all. So nothing is written.
What can be left out is no finding. seedpack export lists it as a loss.`}

// Rules returns the rules of exports.
func Rules() []*diag.Rule { return []*diag.Rule{Impossible} }
