# Reads data as numbers and prints the IDAT chunk that holds it, in hex: length, name, data, checksum.

{ for (i = 1; i <= NF; i++) byte[size++] = $i + 0 }

END {
	for (n = 0; n < 256; n++) {
		c = n
		for (k = 0; k < 8; k++) c = c % 2 ? xor(3988292384, rshift(c, 1)) : rshift(c, 1)
		table[n] = c
	}
	sum = 4294967295
	printf "%08x\n", size
	put(73); put(68); put(65); put(84)
	for (i = 0; i < size; i++) {
		put(byte[i])
		if (i % 32 == 31) printf "\n"
	}
	sum = xor(sum, 4294967295)
	printf "\n%04x%04x\n", int(sum / 65536), sum % 65536 # in halves, for %x stops at 31 bits
}

function put(value) {
	printf "%02x", value
	sum = xor(table[xor(sum, value) % 256], rshift(sum, 8))
}
