// What a Seed job is given and what it leaves behind. seedVariables has its variables.

// seedEnv returns the variables that are set. An input that is not given is none of them.
function seedEnv(inputs, runtime) {
  var env = {};
  for (var i = 0; i < seedVariables.length; i++) {
    var v = seedVariables[i], value = v.input ? inputs[v.input] : undefined;
    if (v.outdir) { env[v.name] = runtime.outdir; }
    else if (v.amount) { env[v.name] = seedAmount(v.amount, inputs); }
    else if (value === null || value === undefined) { continue; }
    else { env[v.name] = v.path ? value.path : String(value); }
  }
  return env;
}

// seedValue returns a variable, or an empty text, since CWL has no variables that are not set.
function seedValue(name, inputs, runtime) {
  var env = seedEnv(inputs, runtime);
  return Object.prototype.hasOwnProperty.call(env, name) ? env[name] : "";
}

// seedNumber returns value + multiplier for each MiB of the input files that are given.
function seedNumber(amount, inputs) {
  var bytes = 0;
  for (var i = 0; i < seedVariables.length; i++) {
    var v = seedVariables[i], value = v.input && v.path ? inputs[v.input] : null;
    if (!value) { continue; }
    var files = value.listing || [value];
    for (var k = 0; k < files.length; k++) { bytes += files[k].size || 0; }
  }
  return amount.multiplier * bytes / 1048576 + amount.value;
}

// seedWhole returns it rounded up, since tools want whole numbers of expressions.
function seedWhole(amount, inputs) { return Math.ceil(seedNumber(amount, inputs)); }

// seedAmount returns the text of an amount, with a fraction always.
function seedAmount(amount, inputs) {
  var text = seedDecimal(seedNumber(amount, inputs));
  return text.indexOf(".") < 0 ? text + ".0" : text;
}

// seedDecimal writes a number without an exponent.
function seedDecimal(n) {
  var text = String(n), m = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!m) { return text; }
  var digits = m[1] + (m[2] || ""), point = 1 + Number(m[3]);
  if (point <= 0) { return "0." + new Array(1 - point).join("0") + digits; }
  while (digits.length < point) { digits += "0"; }
  return digits.slice(0, point) + (digits.length > point ? "." + digits.slice(point) : "");
}

function seedCommand(words, inputs, runtime) { return seedWords(words, seedEnv(inputs, runtime)); }

// seedFiles returns what an output captures. Of a job that failed it says nothing, so that its own error is what is read.
function seedFiles(found, runtime, output) {
  var files = [];
  for (var i = 0; i < (found || []).length; i++) {
    var f = found[i];
    if (f["class"] !== "File" || /\.metadata\.json$/.test(f.basename) || f.basename === "seed.outputs.json" && output.top) { continue; }
    files.push(f);
  }
  if (!seedFailed(runtime)) {
    if (files.length === 0 && output.required) { throw new Error("output " + output.name + ": no file matches " + output.pattern); }
    if (files.length > 1 && !output.multiple) {
      throw new Error("output " + output.name + ": " + files.length + " files match " + output.pattern + ", one is allowed");
    }
  }
  return output.multiple ? files : files.length > 0 ? files[0] : null;
}

function seedFailed(runtime) { return runtime.exitCode !== undefined && runtime.exitCode !== null && runtime.exitCode !== 0; }

// seedJSON returns a member of seed.outputs.json.
function seedJSON(found, runtime, output) {
  if (seedFailed(runtime)) { return null; }
  var all = null, has = found && found.length > 0;
  if (has) {
    try { all = JSON.parse(found[0].contents); } catch (e) { throw new Error("seed.outputs.json is no JSON: " + e.message); }
  }
  if (all === null || typeof all !== "object" || !Object.prototype.hasOwnProperty.call(all, output.key)) {
    if (output.required) { throw new Error("output " + output.name + ": seed.outputs.json " + (has ? "has no member " + output.key : "is missing")); }
    return null;
  }
  var value = all[output.key], type = value === null ? "null" : Object.prototype.toString.call(value) === "[object Array]" ? "array" : typeof value;
  if (type === "number" && value % 1 === 0) { type = "integer"; }
  if (type !== output.type && !(type === "integer" && output.type === "number")) {
    throw new Error("output " + output.name + ": the member " + output.key + " of seed.outputs.json is of type " + type + ", not " + output.type);
  }
  return value;
}
