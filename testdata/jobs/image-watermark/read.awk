# Reads a PNG as numbers and prints
#   ok WIDTH HEIGHT CHANNELS FIRST AFTER ADLER
#   the data of all IDAT chunks in hex
# where FIRST is the offset of the first IDAT chunk, AFTER that of what follows the last one, and ADLER the sum that the
# pixels must have. What is no PNG gives "corrupt REASON", a kind of PNG that is not handled "failure REASON".

{ for (i = 1; i <= NF; i++) byte[size++] = $i + 0 }

END {
	if (!signature()) say("corrupt", "no PNG signature")
	crc_table()
	data = 0
	for (at = 8; kind != "IEND"; at += 12 + len) {
		if (at + 12 > size) say("corrupt", "it ends within a chunk")
		len = word(at)
		kind = letters(at + 4)
		if (at + 12 + len > size) say("corrupt", "chunk " kind " is longer than the file")
		if (crc(at + 4, len + 4) != word(at + 8 + len)) say("corrupt", "chunk " kind " does not agree with its checksum")
		if (at == 8) header(kind, len)
		if (kind == "IDAT") {
			if (data && after != at) say("corrupt", "the IDAT chunks do not follow each other")
			if (!data) first = at
			after = at + 12 + len
			for (i = 0; i < len; i++) idat[data++] = byte[at + 8 + i]
		}
	}
	if (data < 8) say("corrupt", "no pixels")
	if (idat[0] % 16 != 8 || (idat[0] * 256 + idat[1]) % 31 || int(idat[1] / 32) % 2) say("corrupt", "no zlib stream")
	printf "ok %d %d %d %d %d ", width, height, channels, first, after
	for (i = data - 4; i < data; i++) printf "%02x", idat[i]
	printf "\n"
	for (i = 0; i < data; i++) printf "%02x", idat[i]
	printf "\n"
}

function say(verdict, reason) { print verdict, reason; exit }

function signature(    i, want) {
	split("137 80 78 71 13 10 26 10", want, " ")
	for (i = 0; i < 8; i++) if (byte[i] != want[i + 1]) return 0
	return size >= 8
}

function header(kind, len,    depth, colour) {
	if (kind != "IHDR" || len != 13) say("corrupt", "it does not begin with IHDR")
	width = word(16)
	height = word(20)
	depth = byte[24]
	colour = byte[25]
	channels = colour == 0 ? 1 : colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 0
	if (!width || !height) say("corrupt", "it has no pixels")
	if (!channels || depth != 8) say("failure", "colour type " colour " with " depth " bits is not handled, only 8 bits of grey or RGB")
	if (byte[28]) say("failure", "interlaced images are not handled")
	if (width * height * channels > 262144) say("failure", "more than 262144 bytes of pixels")
}

function word(at) { return ((byte[at] * 256 + byte[at + 1]) * 256 + byte[at + 2]) * 256 + byte[at + 3] }

function letters(at) { return sprintf("%c%c%c%c", byte[at], byte[at + 1], byte[at + 2], byte[at + 3]) }

function crc_table(    n, k, c) {
	for (n = 0; n < 256; n++) {
		c = n
		for (k = 0; k < 8; k++) c = c % 2 ? xor(3988292384, rshift(c, 1)) : rshift(c, 1)
		table[n] = c
	}
}

function crc(at, len,    c, i) {
	c = 4294967295
	for (i = at; i < at + len; i++) c = xor(table[xor(c, byte[i]) % 256], rshift(c, 8))
	return xor(c, 4294967295)
}
