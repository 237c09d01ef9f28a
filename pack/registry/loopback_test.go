package registry

import "testing"

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "[::1]:5000": true,
		"localhost.example.com:5000": false, "127.example.com": false, "registry.example.com": false, "10.0.0.1:5000": false,
		"127.0.0.1": true, "::1": true, "[::1]": true, "127.8.9.1": true, "": false, ":5000": false, "0.0.0.0": false, "localhost.": false,
	} {
		if got := IsLoopback(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
