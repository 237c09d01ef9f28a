package diag

import "bytes"

// SecondDocument returns the line on which a second document of YAML begins, or 0. A reader of YAML takes the first document alone,
// and loses the others without a word. The text must be one that it can read.
func SecondDocument(text []byte) (line int) {
	if !bytes.Contains(text, []byte("---")) && !bytes.Contains(text, []byte("...")) {
		return 0
	}
	begun, second := false, 0 // second is where a second document begins, if anything follows
	for n, rest := 1, text; len(rest) > 0; n++ {
		var one []byte
		one, rest, _ = bytes.Cut(rest, []byte("\n"))
		if n == 1 {
			one = bytes.TrimPrefix(one, []byte("\ufeff"))
		}
		word, content, _ := bytes.Cut(bytes.TrimRight(one, " \t\r"), []byte(" "))
		if mark := string(word); mark == "---" || mark == "..." {
			if begun && second == 0 {
				second = n
			}
			begun = begun || mark == "---"
		} else {
			content = one
		}
		if content = bytes.TrimSpace(content); len(content) == 0 || content[0] == '#' || content[0] == '%' && !begun {
			continue
		}
		if begun = true; second > 0 {
			return second
		}
	}
	return 0
}
