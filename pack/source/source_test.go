package source

import "testing"

func TestParse(t *testing.T) {
	t.Parallel()
	const digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123"
	for text, want := range map[string]Source{
		"registry.example.com/team/x-1.0.0-seed:1.0.0": {Registry, "", "registry.example.com/team/x-1.0.0-seed:1.0.0"},
		"docker://localhost:5000/x@" + digest:          {Registry, "", "localhost:5000/x@" + digest},
		"busybox":                                      {Registry, "", "busybox"},
		"dir:1.0":                                      {Registry, "", "dir:1.0"},
		"oci:some/dir":                                 {Layout, "some/dir", ""},
		"oci:some/dir:1.0.0":                           {Layout, "some/dir", "1.0.0"},
		"oci:dir:localhost:5000/x:1":                   {Layout, "dir", "localhost:5000/x:1"},
		"oci:dir@" + digest:                            {Layout, "dir", digest},
		"oci-archive:/tmp/x.tar:1":                     {LayoutArchive, "/tmp/x.tar", "1"},
		"docker-archive:x.tar:x:1":                     {DockerArchive, "x.tar", "x:1"},
		"docker-daemon:x-1.0.0-seed:1":                 {DockerDaemon, "", "x-1.0.0-seed:1"},
		"docker-daemon:" + digest:                      {DockerDaemon, "", digest},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%q is written %q, which is %+v, %v", text, got, again, err)
		}
	}
	for text, want := range map[string]string{
		"":                          `image source "" is empty: write ` + Forms,
		"docker://":                 `image source "docker://" is empty: write ` + Forms,
		"https://example.com/x":     `image source "https://example.com/x": leave out the scheme: "example.com/x"`,
		"./x.tar":                   `image source "./x.tar" is no reference: write oci-archive:./x.tar or docker-archive:./x.tar for a file, oci:./x.tar for a directory`,
		"oci:":                      `image source "oci:" names no path: write oci:PATH`,
		"oci:x:":                    `image source "oci:x:" ends in a colon: write the tag after it, or leave it out`,
		"containers-storage:x":      `image source "containers-storage:x": images in containers-storage are not read: write ` + Forms,
		"docker-archive:x.tar:A":    `image source "docker-archive:x.tar:A": "A": invalid reference format: repository name (library/A) must be lowercase`,
		"docker-daemon:":            `image source "docker-daemon:": invalid reference format`,
		"Registry.example.com/Team": `image source "Registry.example.com/Team": could not parse reference: Registry.example.com/Team`,
	} {
		if got, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q is %+v, %v\nnot %s", text, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"x", "docker://x:1", "oci:d:t", "oci:d@sha256:0", "oci-archive:f:t", "docker-archive:f:r/x:1", "docker-daemon:x", "::", "oci::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(s.String()); err != nil || again != s {
			t.Errorf("%q is %+v, written %q, which is %+v, %v", text, s, s.String(), again, err)
		}
	})
}
