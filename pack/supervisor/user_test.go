//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestAccounts(t *testing.T) {
	dir := t.TempDir()
	a := accounts{filepath.Join(dir, "passwd"), filepath.Join(dir, "group")}
	for file, text := range map[string]string{
		a.passwd: "# none\nroot:x:0:0::/root:/bin/sh\njob:x:1000:100:Job:/home/job:/bin/sh\nbroken:x:a:b:::\n",
		a.group:  "root:x:0:\nusers:x:100:\nvideo:x:44:other,job\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ user, want string }{
		{"", "{0 0 [0] /root}"},
		{"job", "{1000 100 [44 100] /home/job}"},
		{"1000", "{1000 100 [44 100] /home/job}"},
		{"job:video", "{1000 44 [44] /home/job}"},
		{"1000:7", "{1000 7 [7] /home/job}"},
		{"7", "{7 0 [0] /}"},
		{"7:users", "{7 100 [100] /}"},
		{"broken", `user "broken" has the IDs "a" and "b" in ` + a.passwd + ", they should be numbers from 0 to 2147483647"},
		{"none", `user "none" is not in ` + a.passwd + " of the image"},
		{"-1", `user "-1" is out of range: user IDs are numbers from 0 to 2147483647`},
	}
	for _, tt := range tests {
		got := ""
		if acc, err := a.find(tt.user); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(*acc)
		}
		if got != tt.want {
			t.Errorf("%q is %s, want %s", tt.user, got, tt.want)
		}
	}
}
