# Reads inflated, filtered pixels as numbers and prints, in hex, first the Adler-32 sum and then the pixels, marked and
# unfiltered. Variables: width, height, channels and the sum (adler) that the given pixels must have.

{ for (i = 1; i <= NF; i++) byte[size++] = $i + 0 }

END {
	stride = width * channels
	if (size != height * (stride + 1)) exit 1
	sum_a = 1
	for (at = 0; at < size; at++) add(byte[at])
	if (sum() != adler) exit 1
	for (y = 0; y < height; y++) unfilter(y)
	mark()
	sum_a = 1
	sum_b = 0
	for (at = 0; at < size; at++) add(byte[at])
	print sum()
	for (y = 0; y < height; y++) {
		row = ""
		for (at = y * (stride + 1); at < (y + 1) * (stride + 1); at++) row = row sprintf("%02x", byte[at])
		print row
	}
}

function add(value) {
	sum_a = (sum_a + value) % 65521
	sum_b = (sum_b + sum_a) % 65521
}

function sum() { return sprintf("%04x%04x", sum_b, sum_a) }

# Each byte is stored as the difference from what its left, upper and upper left neighbours predict.
function unfilter(y,    kind, at, x, a, b, c) {
	at = y * (stride + 1)
	kind = byte[at]
	byte[at] = 0
	if (kind > 4) exit 1
	if (kind == 0) return
	for (x = 0; x < stride; x++) {
		at++
		a = x >= channels ? byte[at - channels] : 0
		b = y > 0 ? byte[at - stride - 1] : 0
		c = x >= channels && y > 0 ? byte[at - stride - 1 - channels] : 0
		byte[at] = (byte[at] + predicted(kind, a, b, c)) % 256
	}
}

function predicted(kind, a, b, c) {
	if (kind == 1) return a
	if (kind == 2) return b
	if (kind == 3) return int((a + b) / 2)
	return paeth(a, b, c)
}

function paeth(a, b, c,    pa, pb, pc) {
	pa = distance(b, c)
	pb = distance(a, c)
	pc = distance(a + b, 2 * c)
	if (pa <= pb && pa <= pc) return a
	return pb <= pc ? b : c
}

function distance(a, b) { return a > b ? a - b : b - a }

# The mark is the word SEED, as large as fits into the lower right corner at a third of the width.
function mark(    glyph, scale, left, top, row, column) {
	split("0111011110111101110 1000010000100001001 0110011100111001001 0001010000100001001 1110011110111101110", glyph, " ")
	scale = int(width / 57)
	if (scale < 1) scale = 1
	left = width - 20 * scale
	top = height - 6 * scale
	if (left < 0) left = 0
	if (top < 0) top = 0
	for (row = 0; row < 5; row++)
		for (column = 0; column < 19; column++)
			if (substr(glyph[row + 1], column + 1, 1)) square(left + column * scale, top + row * scale, scale)
}

function square(left, top, scale,    x, y) {
	for (y = top; y < top + scale && y < height; y++)
		for (x = left; x < left + scale && x < width; x++) blend(y * (stride + 1) + 1 + x * channels)
}

# Half way to white on dark pixels and to black on light ones, so that the mark shows on both; what can be seen
# through becomes half as transparent.
function blend(at,    colours, light, i) {
	colours = channels > 2 ? 3 : 1
	for (i = 0; i < colours; i++) light += byte[at + i] / colours
	for (i = 0; i < colours; i++) byte[at + i] = int((byte[at + i] + (light < 128 ? 255 : 0)) / 2)
	if (channels % 2 == 0) byte[at + colours] = int((byte[at + colours] + 255) / 2)
}
