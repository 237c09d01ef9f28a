package main

import (
	"regexp"

	"github.com/seedpack/seedpack/exit"
)

var digits = regexp.MustCompile(`^[0-9]{1,12}$`)

const epochName = "SOURCE_DATE_EPOCH"

// epoch is the time that an image's files and history are dated to, in seconds since 1970, so that two builds of one state
// give the same bytes: SOURCE_DATE_EPOCH where it is set, else 0, as other builders of reproducible images have it. A later
// time would not do: BuildKit sets back what is younger and leaves what is older, so files of a working copy, of a clone
// and of a layer that was built before would keep times of their own.
func (r *packRun) epoch() (string, error) {
	given := r.epochGiven()
	switch {
	case given == "":
		return "0", nil
	case !digits.MatchString(given):
		return "", exit.Usagef("%s %q must be seconds since 1970", epochName, given)
	}
	return given, nil
}

// epochGiven is what the user says: a build argument, or else the environment.
func (r *packRun) epochGiven() string {
	if value, ok := r.buildArgs[epochName]; ok {
		return value
	}
	return r.program.getenv(epochName)
}
