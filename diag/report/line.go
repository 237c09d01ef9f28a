package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// EncodeLine writes any value as JSON on one line, for outputs of workflow steps, with foreign text in it made harmless.
func EncodeLine(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode as JSON: %w", err)
	}
	_, err = w.Write(append(escapeJSON(text), '\n'))
	return err
}
