# Sorts "longitude,latitude,value" lines into cells of one degree and writes all outputs to directory. Variables:
# region, mask (a file of points to leave out), least (points that make a cell), floor (least value, may be empty), version.

BEGIN {
	split(region, bounds, ",")
	while ((getline line < mask) > 0) if (line != "") masked[line] = 1
}

$0 == "" || $1 == "longitude" { next }

NF != 3 || !number($1) || !number($2) || !number($3) {
	printf "line %d: not longitude,latitude,value: %s\n", NR, $0 > "/dev/stderr"
	invalid = 1
	exit 1
}

($1 "," $2) in masked { out = out $0 "\n"; next }
floor != "" && $3 + 0 < floor + 0 { next }
$1 + 0 < bounds[2] || $1 + 0 > bounds[4] || $2 + 0 < bounds[3] || $2 + 0 > bounds[5] { next }

{
	cell = down($1) "_" down($2)
	if (!(cell in count)) order[cells++] = cell
	count[cell]++
	total[cell] += $3
	points[cell] = points[cell] $0 "\n"
}

END {
	if (invalid) exit 1
	summary = "cell,points,mean\n"
	for (i = 0; i < cells; i++) add(order[i])
	write("summary.csv", summary)
	if (kept) write("summary.csv.metadata.json", sidecar())
	if (out != "") write("masked_0.csv", "longitude,latitude,value\n" out)
	write("seed.outputs.json", outputs())
}

function number(text) { return text ~ /^-?[0-9]+(\.[0-9]+)?$/ }

function down(value) { return value < 0 && int(value) != value ? int(value) - 1 : int(value) }

function add(cell,    at) {
	if (count[cell] < least) return
	kept++
	all += count[cell]
	sum += total[cell]
	summary = summary sprintf("%s,%d,%.3f\n", cell, count[cell], total[cell] / count[cell])
	write("cells/cell_" cell ".csv", "longitude,latitude,value\n" points[cell])
	split(cell, at, "_")
	if (kept == 1 || at[1] + 0 < west) west = at[1] + 0
	if (kept == 1 || at[2] + 0 < south) south = at[2] + 0
	if (kept == 1 || at[1] + 1 > east) east = at[1] + 1
	if (kept == 1 || at[2] + 1 > north) north = at[2] + 1
}

# The side-car of a file says where it is: a GeoJSON Feature.
function sidecar() {
	return sprintf("{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[%d,%d],[%d,%d],[%d,%d],[%d,%d],[%d,%d]]]}," \
		"\"properties\":{\"time\":{\"start\":\"2016-08-06T00:00:00.000Z\",\"end\":\"2016-08-07T00:00:00.000Z\"},\"cells\":%d}}\n",
		west, south, east, south, east, north, west, north, west, south, kept)
}

function outputs(    extent) {
	extent = kept ? sprintf(",\"extent\":[%d,%d,%d,%d]", west, south, east, north) : ""
	return sprintf("{\"cellCount\":%d,\"meanValue\":%.3f,\"region\":\"%s\",\"complete\":true%s,\"settings\":{\"version\":\"%s\"}}\n",
		kept, all ? sum / all : 0, bounds[1], extent, version)
}

function write(name, text) {
	printf "%s", text > (directory "/" name)
	close(directory "/" name)
}
