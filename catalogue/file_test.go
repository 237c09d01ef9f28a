package catalogue

import (
	"fmt"
	"strings"
	"testing"
)

// A catalogue that was read whole is refused if it is none.
func TestDecode(t *testing.T) {
	t.Parallel()
	image := func(reference, name string) string {
		return fmt.Sprintf(`{"schemaVersion":1,"complete":true,"images":[{"reference":%q,"name":%q,"manifest":{"job":{"name":"a"}}}]}`, reference, name)
	}
	for text, want := range map[string]string{
		``:                    "it is no catalogue: EOF",
		`[]`:                  "it is no catalogue, which is a JSON object",
		`{"schemaVersion":2}`: "it has the schemaVersion 2, and only 1 is read: is it what seedpack discover --format json printed?",
		image("h.example/../x-seed:1", "../x-seed:1"):                                         `image 1: reference "h.example/../x-seed:1": invalid reference format`,
		image("h.example/x-seed:1", "y-seed:1"):                                               `image 1: reference "h.example/x-seed:1" and name "y-seed:1" do not fit`,
		image("h.example/x-seed", "x-seed"):                                                   `image 1: reference "h.example/x-seed" has no tag`,
		`{"schemaVersion":1,"images":[{"reference":"h.example/x-seed:1","name":"x-seed:1"}]}`: `image 1: "h.example/x-seed:1" has no manifest`,
	} {
		if _, err := Decode(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	c, err := Decode(strings.NewReader(strings.Replace(image("h.example/x-seed:1", "x-seed:1"), "true", "false", 1)))
	if err != nil || c.Complete || len(c.Failures) != 1 {
		t.Errorf("an incomplete catalogue is %+v, %v", c, err)
	}
}
