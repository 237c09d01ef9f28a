package pipeline

import (
	"slices"
	"testing"

	"github.com/seedpack/seedpack/pack/source"
)

// A job in a container runs on a platform that is asked for: by its own settings, or else by the flags. Of an image, only those
// count that it has.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	image := &source.Image{Platforms: []source.Platform{{Name: "linux/amd64"}, {Name: "linux/arm64"}}}
	own := &Build{Platforms: []string{"linux/arm64"}}
	for _, tt := range []struct {
		name  string
		flags []string
		task  Task
		want  []string
	}{
		{"a Dockerfile", nil, Task{}, nil},
		{"a Dockerfile with a flag", []string{"linux/amd64"}, Task{}, []string{"linux/amd64"}},
		{"a Dockerfile with settings", nil, Task{Build: own}, []string{"linux/arm64"}},
		{"an image", nil, Task{Image: image}, []string{"linux/amd64", "linux/arm64"}},
		{"an image with a flag", []string{"linux/arm64/v8"}, Task{Image: image}, []string{"linux/arm64"}},
		{"an image that lacks it", []string{"linux/riscv64"}, Task{Image: image}, nil},
	} {
		p := &Pipeline{opt: Options{Build: Build{Platforms: tt.flags}}}
		if got := p.platforms(&tt.task); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
