// Label reads an image configuration on standard input, as other tools print it, and prints the Seed manifest in its
// label. It fails when the label is not strict JSON that says exactly what the manifest file says.
//
// It shares no code with the program it checks.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: label MANIFEST <CONFIG")
		os.Exit(2)
	}
	if err := show(os.Stdout, os.Stdin, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "label:", err)
		os.Exit(1)
	}
}

func show(w io.Writer, config io.Reader, manifestPath string) error {
	var image struct {
		Config struct{ Labels map[string]string } `json:"config"`
	}
	if err := json.NewDecoder(config).Decode(&image); err != nil {
		return fmt.Errorf("read the image configuration: %w", err)
	}
	label, ok := image.Config.Labels["com.ngageoint.seed.manifest"]
	if !ok {
		return errors.New("the image has no label com.ngageoint.seed.manifest")
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(label), "", "  "); err != nil {
		return fmt.Errorf("the label is no JSON: %w", err)
	}
	if _, err := fmt.Fprintln(w, pretty.String()); err != nil {
		return err
	}
	manifest, err := os.ReadFile(manifestPath)
	if err != nil {
		return err
	}
	return compare([]byte(label), manifest)
}

func compare(label, manifest []byte) error {
	got, err := decode(label)
	if err != nil {
		return fmt.Errorf("the label: %w", err)
	}
	want, err := decode(manifest)
	if err != nil {
		return fmt.Errorf("the manifest: %w", err)
	}
	if !reflect.DeepEqual(got, want) {
		return errors.New("the label does not say what the manifest says")
	}
	return nil
}

// decode keeps numbers as they are written.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something after the JSON value")
	}
	return v, nil
}
