//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/seedpack/seedpack/secret"
)

// secrets are those of the job's variables.
type secrets struct {
	values   map[string][]byte // by the name of the variable
	names    []string          // of the variables, sorted
	redactor *secret.Redactor  // of their values, in the order of names
}

// readSecrets returns the values of the variables.
func readSecrets(files map[string]string) (*secrets, error) {
	s := &secrets{values: map[string][]byte{}, names: slices.Sorted(maps.Keys(files))}
	var all []string
	for _, name := range s.names {
		value, err := os.ReadFile(files[name])
		if err != nil {
			return nil, fmt.Errorf("secret %s: %w", name, err)
		}
		if bytes.IndexByte(value, 0) >= 0 {
			return nil, fmt.Errorf("secret %s: a variable cannot hold a NUL byte", name)
		}
		s.values[name] = value
		all = append(all, string(value))
	}
	s.redactor = secret.New(all...)
	return s, nil
}

// in returns the indexes of the secrets in a text.
func (s *secrets) in(text string) []int {
	hiding := s.redactor.NewStream()
	hiding.Next([]byte(text))
	hiding.End()
	return hiding.Found()
}
