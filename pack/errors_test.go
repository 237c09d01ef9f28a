package pack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/pb"
)

func TestExcerpt(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.Repeat("x\r\n", 40), "\n")[:40]
	for _, tt := range []struct {
		first, last int
		want        string
	}{
		{1, 1, "1! 2 3"},
		{3, 4, "1 2 3! 4! 5 6"},
		{40, 40, "38 39 40!"},
		{10, 39, "8 9 10! 11! 12! 13! 14! 15! 16! 17! 18! 19! 20! 21! 22!"},
	} {
		var got []string
		for _, l := range (place{lines: lines, first: tt.first, last: tt.last}).excerpt() {
			mark := ""
			if l.Failed {
				mark = "!"
			}
			got = append(got, fmt.Sprint(l.Number)+mark)
			if l.Text != "x" {
				t.Errorf("line %d is %q", l.Number, l.Text)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%d to %d: %s, not %s", tt.first, tt.last, strings.Join(got, " "), tt.want)
		}
	}
}

func TestNewWarning(t *testing.T) {
	t.Parallel()
	at := func(first, last int32) *pb.Range {
		return &pb.Range{Start: &pb.Position{Line: first}, End: &pb.Position{Line: last}}
	}
	for _, tt := range []struct {
		short string
		at    []*pb.Range
		want  Warning
	}{
		{"UndefinedVar: Usage of undefined variable '$A: b' (line 11)", []*pb.Range{at(11, 12), at(10, 10)}, Warning{"UndefinedVar", "Usage of undefined variable '$A: b'", 10, 12}},
		{"InvalidBaseImagePlatform: Base image was pulled", nil, Warning{"InvalidBaseImagePlatform", "Base image was pulled", 0, 0}},
		{"something else: (line 3)", nil, Warning{"", "something else: (line 3)", 0, 0}},
	} {
		if got := newWarning(&client.VertexWarning{Short: []byte(tt.short), Range: tt.at}); got != tt.want {
			t.Errorf("%q gives %+v, not %+v", tt.short, got, tt.want)
		}
	}
}
