package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// EncodeLine writes any value as JSON on one line, for the outputs of workflow steps. It escapes foreign text.
func EncodeLine(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode as JSON: %w", err)
	}
	_, err = w.Write(append(EscapeJSON(text), '\n'))
	return err
}
