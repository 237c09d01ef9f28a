//go:build !unix

package disk

import (
	"errors"
	"os"
)

const nonblock = 0

func descriptor(string) (fd int, ok bool) { return 0, false }

func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
