package pipeline

import (
	"regexp"

	"github.com/seedpack/seedpack/exit"
)

var digits = regexp.MustCompile(`^[0-9]{1,12}$`)

const epochName = "SOURCE_DATE_EPOCH"

// epoch returns the time that an image's files and history are dated to, in seconds since 1970: SOURCE_DATE_EPOCH if it is
// set, else 0, as other builders of reproducible images do. Two builds of one state then give the same bytes.
//
// A later time would not do. BuildKit sets back what is younger and leaves what is older. Files of a working copy, of a
// clone and of a layer that was built before would keep times of their own.
func epoch(given string) (string, error) {
	switch {
	case given == "":
		return "0", nil
	case !digits.MatchString(given):
		return "", exit.Usagef("%s %q must be seconds since 1970", epochName, given)
	}
	return given, nil
}

// epochGiven returns what the user says: a build argument, or else the environment.
func epochGiven(args map[string]string, getenv func(string) string) string {
	if value, ok := args[epochName]; ok {
		return value
	}
	return getenv(epochName)
}
