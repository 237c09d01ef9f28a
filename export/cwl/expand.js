// The command of a Seed job, expanded as Bash does, for tools without a shell. It is ECMAScript 5. Values are data: nothing of
// them is ever evaluated.

// seedWords returns the arguments that words of the command make. Words are trees; env has the variables that are set.
function seedWords(words, env) {
  var out = [];
  for (var i = 0; i < words.length; i++) {
    var fields = seedFields(false);
    seedParts(words[i], env, fields);
    out = out.concat(fields.done());
  }
  return out;
}

// seedFields splits the expansion of a word, unless it is told to keep it whole.
function seedFields(keep) {
  var out = [], current = "", begun = false;
  var fields = {
    quoted: function (s) { current += s; begun = true; },
    plain: function (s) { current += s; begun = begun || s !== ""; },
    split: function (s) {
      if (keep) { fields.plain(s); return; }
      var pieces = s.split(/[ \t\n]/);
      for (var i = 0; i < pieces.length; i++) {
        if (i > 0) { fields.end(); }
        fields.plain(pieces[i]);
      }
    },
    end: function () {
      if (begun) { out.push(current); }
      current = "";
      begun = false;
    },
    done: function () { fields.end(); return out; }
  };
  return fields;
}

function seedParts(parts, env, fields) {
  for (var i = 0; i < (parts || []).length; i++) {
    var p = parts[i], text = p.text || "";
    if (p.name) { seedExpansion(p, env, fields); }
    else if (p.quoted) { fields.quoted(text); }
    else if (p.plain) { fields.plain(text); }
    else { fields.split(text); }
  }
}

function seedExpansion(p, env, fields) {
  var set = Object.prototype.hasOwnProperty.call(env, p.name);
  var v = set ? env[p.name] : "", there = set && (!p.colon || v !== "");
  function put(s) { if (p.quoted) { fields.quoted(s); } else { fields.split(s); } }
  function word() {
    seedParts(p.word, env, fields);
    if (p.quoted) { fields.quoted(""); }
  }
  switch (p.op || "") {
  case "default":
    if (there) { put(v); } else { word(); }
    return;
  case "alternative":
    if (there) { word(); } else { put(""); }
    return;
  case "replace":
    put(set ? seedReplace(p, v, env) : v);
    return;
  case "":
    put(v);
    return;
  }
  put(seedCut(p, v, env));
}

// seedLiteral returns the text of parts as one string.
function seedLiteral(parts, env) {
  var fields = seedFields(true);
  seedParts(parts, env, fields);
  return fields.done().join("");
}

// seedCharacters are the code points of a text.
function seedCharacters(s) { return s.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\s\S]/g) || []; }

// seedPattern returns the elements of a pattern: a character, or a wildcard in an array.
function seedPattern(p, env) {
  var out = [];
  for (var i = 0; i < (p.match || []).length; i++) {
    var m = p.match[i], text = m.text || "";
    if (m.name) {
      text = seedLiteral([m], env);
      if (/[*?\[\]\\#%]/.test(text)) { throw new Error("the command has a pattern from a value with one of *?[]\\#%"); }
    }
    var all = seedCharacters(text), literal = m.quoted && !p.quoted;
    for (var k = 0; k < all.length; k++) {
      out.push(!literal && (all[k] === "*" || all[k] === "?") ? [all[k]] : all[k]);
    }
  }
  return out;
}

// seedEnds returns where matches of a pattern can end that begin at an index, in rising order.
function seedEnds(pattern, text, start) {
  var ends = [start];
  for (var i = 0; i < pattern.length; i++) {
    var next = [], e = pattern[i], k;
    if (typeof e === "string" || e[0] === "?") {
      for (k = 0; k < ends.length; k++) {
        if (ends[k] < text.length && (typeof e !== "string" || text[ends[k]] === e)) { next.push(ends[k] + 1); }
      }
    } else if (ends.length > 0) {
      for (k = ends[0]; k <= text.length; k++) { next.push(k); }
    }
    ends = next;
  }
  return ends;
}

function seedCut(p, v, env) {
  var pattern = seedPattern(p, env), text = seedCharacters(v), suffix = p.op.indexOf("suffix") >= 0;
  if (suffix) { pattern.reverse(); text.reverse(); }
  var ends = seedEnds(pattern, text, 0);
  if (ends.length > 0) { text = text.slice(p.op.indexOf("longest") >= 0 ? ends[ends.length - 1] : ends[0]); }
  if (suffix) { text.reverse(); }
  return text.join("");
}

function seedReplace(p, v, env) {
  var replacement = seedLiteral(p.word, env), pattern = seedPattern(p, env), text = seedCharacters(v);
  if (replacement.indexOf("&") >= 0) { throw new Error("the command has a replacement with an &, which versions of Bash read differently"); }
  if (pattern.length === 0) {
    return p.anchor === "#" ? replacement + v : p.anchor === "%" ? v + replacement : v;
  }
  var out = "", at = 0;
  for (var i = 0; i <= text.length; i++) {
    if (i < at || p.anchor === "#" && i > 0) { continue; }
    var ends = seedEnds(pattern, text, i), end = ends[ends.length - 1];
    if (ends.length === 0 || p.anchor === "%" && end !== text.length || end === i && text.length > 0) { continue; }
    out += text.slice(at, i).join("") + replacement;
    at = end;
    if (!p.all) { break; }
  }
  return out + text.slice(at).join("");
}
