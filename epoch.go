package main

import "regexp"

var digits = regexp.MustCompile(`^[0-9]+$`)

// epoch is the time that an image is dated to, in seconds since 1970, so that two builds of one state give the same bytes:
// SOURCE_DATE_EPOCH where it is set, else 0, as other builders of reproducible images have it. A later time would not do:
// BuildKit sets back what is younger and leaves what is older, so files of a working copy, of a clone and of a layer that
// was built before would keep times of their own.
func (p *program) epoch() (string, error) {
	set := p.getenv("SOURCE_DATE_EPOCH")
	switch {
	case set == "":
		return "0", nil
	case !digits.MatchString(set):
		return "", usagef("SOURCE_DATE_EPOCH %q must be seconds since 1970", set)
	}
	return set, nil
}
