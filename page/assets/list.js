// The list of jobs: search, filters, sorting, and the address that keeps them.
//
// data/jobs.js and data/search.js call seedpackJobs and seedpackSearch. They are scripts, not JSON, because a page that is
// opened from a file may load scripts and nothing else. Their text is foreign: it becomes text of the page, never markup.
"use strict";

(() => {
	const STEP = 30; // cards that are shown at once
	const FEW = 8; // values of a filter that are shown at first
	const $ = (id) => document.getElementById(id);

	// Filters by a value of which a job may have several. The key is that of the address, the field that of a job.
	const facets = [
		{ key: "in", title: "Reads", field: "i" },
		{ key: "out", title: "Writes", field: "o" },
		{ key: "tag", title: "Tags", field: "g" },
		{ key: "by", title: "Maintainer", field: "m" },
		{ key: "registry", title: "Registry", field: "r" },
	];
	const limits = ["cpus", "mem", "gpus"];

	let jobs = null; // of data/jobs.js
	let values = []; // texts of filters, which jobs name by number
	let numbers = new Map(); // the numbers of values
	let index = null; // of data/search.js
	let state = { q: "", sort: "", chosen: new Map(), limits: new Map() };
	let order = []; // numbers of jobs that fit
	let shown = 0;
	const opened = new Map(); // how many values of a filter are shown

	window.seedpackJobs = (data) => {
		jobs = data.jobs;
		values = data.values;
		numbers = new Map(values.map((text, n) => [text, n]));
		start();
	};

	window.seedpackSearch = (data) => {
		index = new Index(data);
		if (!state.q) return;
		update(false);
		again();
	};

	// An Index finds the jobs that contain a term. All texts are one string, so that a browser searches it at once.
	class Index {
		constructor(data) {
			this.text = data.text;
			this.parts = data.parts; // [score, numbers of texts by job]
			const starts = [0];
			for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) starts.push(at + 1);
			this.starts = Int32Array.from(starts);
			this.found = new Uint8Array(starts.length);
		}

		// mark notes which texts contain a term.
		mark(term) {
			this.found.fill(0);
			const { text, starts, found } = this;
			let n = 0, any = false;
			for (let at = text.indexOf(term); at >= 0;) {
				while (n + 1 < starts.length && starts[n + 1] <= at) n++;
				found[n] = 1;
				any = true;
				if (n + 1 >= starts.length) break;
				at = text.indexOf(term, starts[n + 1]);
			}
			return any;
		}

		// scores returns the score of each job. Every term counts once for each part that contains it.
		scores(terms, count) {
			const scores = new Int32Array(count);
			for (const term of terms) {
				if (!this.mark(term)) continue;
				for (const [score, lists] of this.parts) {
					for (let job = 0; job < count; job++) {
						const list = lists[job];
						if (typeof list === "number") {
							if (this.found[list]) scores[job] += score;
							continue;
						}
						for (let k = 0; k < list.length; k++) {
							if (this.found[list[k]]) {
								scores[job] += score;
								break;
							}
						}
					}
				}
			}
			return scores;
		}
	}

	const terms = (query) => query.toLowerCase().split(/[+ \t\n\r\u00a0]+/).filter(Boolean);

	// State and address

	function readAddress() {
		const at = new URLSearchParams(location.hash.slice(1));
		const sort = at.get("sort");
		state = { q: at.get("q") || "", sort: sort === "best" || Object.hasOwn(sorts, sort) ? sort : "", chosen: new Map(), limits: new Map() };
		for (const { key } of facets) state.chosen.set(key, new Set(at.getAll(key)));
		for (const key of limits) {
			const most = parseFloat(at.get(key));
			if (most >= 0) state.limits.set(key, most);
		}
	}

	function writeAddress() {
		const at = new URLSearchParams();
		if (state.q) at.set("q", state.q);
		for (const { key } of facets) for (const value of state.chosen.get(key)) at.append(key, value);
		for (const [key, most] of state.limits) at.set(key, most);
		if (state.sort) at.set("sort", state.sort);
		const hash = at.toString();
		history.replaceState({ shown }, "", hash ? "#" + hash : location.pathname + location.search);
	}

	// Which jobs fit

	const needs = (job, key) => job[{ cpus: "c", mem: "y", gpus: "u" }[key]] || 0;

	function fitsLimits(job) {
		for (const [key, most] of state.limits) if (needs(job, key) > most) return false;
		return true;
	}

	// failing returns how many filters a job fails, at most two, and the last of them.
	function failing(job, wanted) {
		let fails = 0, last = -1;
		for (let f = 0; f < facets.length; f++) {
			const want = wanted[f];
			if (!want) continue;
			const has = job[facets[f].field] || [];
			let ok = false;
			for (let k = 0; k < has.length && !ok; k++) ok = want.has(has[k]);
			if (!ok) {
				last = f;
				if (++fails > 1) break;
			}
		}
		return [fails, last];
	}

	const sorts = {
		name: (a, b) => jobs[a].k - jobs[b].k, // by title
		new: (a, b) => (jobs[b].t || 0) - (jobs[a].t || 0) || jobs[a].k - jobs[b].k,
		small: (a, b) => (jobs[a].s || Number.MAX_VALUE) - (jobs[b].s || Number.MAX_VALUE) || jobs[a].k - jobs[b].k, // a size that is not known comes last
	};

	// select computes the jobs that fit, and how many there would be for each value of a filter. It is run with every key
	// that is pressed, so it counts in arrays and does not compare what it can count.
	function select() {
		const words = terms(state.q);
		const scores = words.length && index ? index.scores(words, jobs.length) : null;
		const wanted = facets.map(({ key }) => {
			const chosen = state.chosen.get(key);
			return chosen.size ? new Set([...chosen].map((text) => numbers.get(text))) : null;
		});
		const counts = facets.map(() => new Int32Array(values.length));
		const fitting = [];
		for (let n = 0; n < jobs.length; n++) {
			if (scores && !scores[n]) continue;
			const job = jobs[n];
			if (state.limits.size && !fitsLimits(job)) continue;
			const [fails, last] = failing(job, wanted);
			if (!fails) fitting.push(n);
			for (let f = 0; f < facets.length; f++) {
				if (fails && !(fails === 1 && last === f)) continue;
				const has = job[facets[f].field];
				if (has) for (let k = 0; k < has.length; k++) counts[f][has[k]]++;
			}
		}
		const by = state.sort || "best";
		order = by === "best" && scores ? byScore(fitting, scores) : fitting.sort(Object.hasOwn(sorts, by) ? sorts[by] : sorts.name);
		return counts;
	}

	// byScore sorts jobs by score, the highest first, and keeps the order of equal ones. Scores are small numbers.
	function byScore(list, scores) {
		const groups = [];
		for (const n of list) (groups[scores[n]] ||= []).push(n);
		return groups.filter(Boolean).reverse().flat();
	}

	// Drawing

	function element(name, className, text) {
		const e = document.createElement(name);
		if (className) e.className = className;
		if (text !== undefined) e.textContent = text;
		return e;
	}

	// Results of smoke runs, and how they look.
	const smokes = { passed: "good", inconclusive: "warn", failed: "bad" };

	const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
	const texts = (list) => (list || []).map((n) => values[n]);

	function card(n) {
		const job = jobs[n];
		const li = element("li");
		const article = element("article", "card");
		const head = element("div", "card-head");
		const h3 = element("h3");
		const a = element("a", "", job.l || job.n);
		a.href = job.p;
		h3.append(a);
		head.append(h3, element("span", "badge", job.v));
		article.append(head, element("div", "where mono", `${job.a}/${job.n}`));
		if (job.d) article.append(element("p", "about", job.d));
		const io = element("div", "io");
		for (const type of texts(job.i)) io.append(element("span", "type", type), " ");
		if (job.i || job.o) {
			io.append(element("span", "hidden", "becomes"), element("span", "to"), " ");
		}
		for (const type of texts(job.o)) io.append(element("span", "type", type), " ");
		if (io.childNodes.length) article.append(io);
		const foot = element("div", "foot");
		for (const tag of texts(job.g).slice(0, 6)) foot.append(element("span", "tag", tag), " ");
		if (job.e) foot.append(element("span", "badge bad", job.e === 1 ? "1 lint error" : `${job.e} lint errors`));
		else if (job.w) foot.append(element("span", "badge warn", job.w === 1 ? "1 lint warning" : `${job.w} lint warnings`));
		if (Object.hasOwn(smokes, job.x)) {
			const smoke = element("span", `badge ${smokes[job.x]}`, `smoke ${job.x}`);
			smoke.title = "As said by whoever pushed the image";
			foot.append(" ", smoke);
		}
		if (job.t) foot.append(element("span", "made", `made ${day.format(job.t * 1000)}`));
		if (foot.childNodes.length) article.append(foot);
		li.append(article);
		return li;
	}

	function draw(upTo) {
		const list = $("jobs");
		const some = document.createDocumentFragment();
		for (; shown < Math.min(upTo, order.length); shown++) some.append(card(order[shown]));
		list.append(some);
		const left = order.length - shown;
		$("more").hidden = left === 0;
		$("more").textContent = `Show ${Math.min(STEP, left)} more`;
		$("none").hidden = order.length > 0;
	}

	function drawFacets(counts) {
		const at = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.at : undefined;
		const box = $("facets");
		const fresh = document.createDocumentFragment();
		facets.forEach((facet, f) => {
			const chosen = state.chosen.get(facet.key);
			const all = [];
			counts[f].forEach((n, value) => { if (n) all.push([values[value], n]); });
			for (const text of chosen) if (!all.some(([known]) => known === text)) all.push([text, 0]);
			if (all.length === 0 || all.length === 1 && !chosen.size && facet.key === "registry") return;
			all.sort((a, b) => chosen.has(b[0]) - chosen.has(a[0]) || b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
			const most = Math.max(opened.get(facet.key) || FEW, chosen.size);
			const set = element("fieldset", "facet");
			set.append(element("legend", "", facet.title));
			for (const [text, n] of all.slice(0, most)) {
				const label = element("label", "choice");
				const input = element("input");
				input.type = "checkbox";
				input.checked = chosen.has(text);
				input.dataset.at = `${facet.key} ${text}`;
				input.addEventListener("change", () => {
					input.checked ? chosen.add(text) : chosen.delete(text);
					update(true);
				});
				label.append(input, element("span", "name", text || "none"), element("span", "n", n));
				set.append(label);
			}
			if (all.length > most) {
				const more = element("button", "plain", `Show ${Math.min(50, all.length - most)} more`);
				more.type = "button";
				more.dataset.at = `more ${facet.key}`;
				more.setAttribute("aria-label", `${more.textContent} values of ${facet.title}`);
				more.addEventListener("click", () => {
					opened.set(facet.key, most + 50);
					drawFacets(counts);
				});
				set.append(more);
			}
			fresh.append(set);
		});
		box.replaceChildren(fresh);
		if (at !== undefined) {
			for (const e of box.querySelectorAll("[data-at]")) if (e.dataset.at === at) e.focus();
		}
	}

	function update(write) {
		const counts = select();
		$("count").textContent = `${order.length.toLocaleString("en")} ${order.length === 1 ? "job" : "jobs"}`;
		$("jobs").replaceChildren();
		shown = 0;
		draw(STEP);
		drawFacets(counts);
		let active = state.limits.size;
		for (const chosen of state.chosen.values()) active += chosen.size;
		$("active").hidden = active === 0;
		$("active").textContent = active;
		$("clear").hidden = active === 0;
		$("sort").value = state.sort || (terms(state.q).length ? "best" : "name");
		if (write) writeAddress();
	}

	function fillForm() {
		$("query").value = state.q;
		for (const key of limits) $(key).value = state.limits.has(key) ? state.limits.get(key) : "";
	}

	function fromAddress() {
		readAddress();
		fillForm();
		update(false);
	}

	// again shows as many jobs as there were when the reader left the list, so that the way back ends where it began.
	function again() {
		const before = history.state && history.state.shown;
		if (before > shown) draw(before);
	}

	function clear(query) {
		if (query) state.q = "";
		state.limits.clear();
		for (const chosen of state.chosen.values()) chosen.clear();
		fillForm();
		update(true);
	}

	function keys(event) {
		const typing = event.target.closest && event.target.closest("input, select, textarea");
		if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
			event.preventDefault();
			$("query").focus();
			$("query").select();
		}
		if (event.key === "Escape" && event.target === $("query") && state.q) {
			event.preventDefault();
			$("query").value = state.q = "";
			update(true);
		}
		if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
	}

	// step moves from the search to the first result, and from one result to the next.
	function step(event) {
		const links = [...document.querySelectorAll(".card h3 a")];
		const here = links.indexOf(event.target);
		if (event.target !== $("query") && here < 0) return;
		const next = here + (event.key === "ArrowDown" ? 1 : -1);
		if (next === -1 && here === 0) $("query").focus();
		if (next < 0 || next >= links.length) return;
		event.preventDefault();
		links[next].focus();
	}

	function start() {
		if (!jobs.length) return; // the page says so
		$("search").hidden = $("columns").hidden = false;
		if (matchMedia("(max-width: 61.99rem)").matches) $("filters").open = false;
		matchMedia("(min-width: 62rem)").addEventListener("change", (wide) => { if (wide.matches) $("filters").open = true; });
		$("search").addEventListener("submit", (event) => event.preventDefault());
		$("query").addEventListener("input", () => {
			state.q = $("query").value;
			update(true);
		});
		$("sort").addEventListener("change", () => {
			state.sort = $("sort").value;
			update(true);
		});
		for (const key of limits) {
			$(key).addEventListener("input", () => {
				const most = parseFloat($(key).value);
				most >= 0 ? state.limits.set(key, most) : state.limits.delete(key);
				update(true);
			});
		}
		$("clear").addEventListener("click", () => clear(false));
		$("reset").addEventListener("click", () => clear(true));
		$("more").addEventListener("click", () => {
			const first = shown;
			draw(shown + STEP);
			writeAddress();
			const links = document.querySelectorAll(".card h3 a");
			if (links[first]) links[first].focus();
		});
		document.addEventListener("keydown", keys);
		addEventListener("hashchange", fromAddress);
		fromAddress();
		again();
	}
})();
