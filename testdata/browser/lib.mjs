// What the tests and benchmarks of pages share: a browser, and checks that name what they found.
import { createRequire } from "node:module";

const require = createRequire(process.env.SEEDPACK_TEST_BROWSER + "/");
const { chromium } = require("playwright-core");
export const axePath = require.resolve("axe-core/axe.min.js");

let failures = 0;

// fail notes what is wrong. The process ends with status 1 then.
export function fail(...what) {
	failures++;
	console.error("FAIL", ...what);
}

export function check(ok, ...what) {
	if (!ok) fail(...what);
}

export function equal(what, got, want) {
	const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
	if (a !== b) fail(`${what}:\n  got ${a}\n want ${b}`);
}

// withBrowser runs a function with a browser, and ends the process.
export async function withBrowser(run) {
	// Tests run as root, often in a container: there the browser has no sandbox of its own.
	const browser = await chromium.launch({ executablePath: process.env.SEEDPACK_TEST_CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
	try {
		await run(browser);
	} catch (e) {
		fail(e.stack);
	} finally {
		await browser.close();
	}
	process.exit(failures ? 1 : 0);
}

// guarded opens a page that notes whatever leaves the site, is blocked, asks for something or breaks.
export async function guarded(context, site) {
	const page = await context.newPage();
	page.on("request", (r) => { if (!r.url().startsWith(site)) fail("a request leaves the site:", r.url()); });
	page.on("dialog", async (d) => { fail("a dialog opens:", d.message()); await d.dismiss(); });
	page.on("popup", (p) => fail("a window opens:", p.url()));
	page.on("pageerror", (e) => fail("a script fails:", e.stack));
	page.on("console", (m) => { if (m.type() === "error") fail("the console says:", m.text()); });
	return page;
}

// watchPolicy notes in each page what its content security policy forbids.
export function watchPolicy(context) {
	return context.addInitScript(() => {
		globalThis.violations = [];
		const note = (e) => globalThis.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`);
		globalThis.violations.watch = () => document.addEventListener("securitypolicyviolation", note);
		globalThis.violations.watch(); // a document that is written anew forgets it
	});
}

// inspect returns what a page must not have. It runs in the page. More are elements that the kind of page has besides those of the
// catalogue.
export function inspect({ site, more = [] }) {
	const wrong = [...globalThis.violations];
	if (globalThis.executed) wrong.push("a line was executed");
	for (const e of document.querySelectorAll("*")) {
		const name = e.localName;
		const known = ["html", "head", "meta", "title", "link", "script", "body", "a", "header", "div", "img", "span", "nav", "main", "footer", "p", "b", "h1", "h2", "h3", "ul", "ol", "li",
			"dl", "dt", "dd", "section", "aside", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "button", "details", "summary", "article", "form", "label", "input", "kbd",
			"fieldset", "legend", "select", "option", "noscript", ...more];
		if (!known.includes(name)) wrong.push(`an element ${name}`);
		for (const a of e.attributes) {
			if (/^on|^style$|^srcdoc$|^formaction$|^ping$/i.test(a.name)) wrong.push(`an attribute ${name}[${a.name}]`);
			if (a.name === "src" && !(more.length && a.value.startsWith("data:image/svg+xml;base64,")) && !new URL(a.value, location.href).href.startsWith(site)) wrong.push(`a source ${a.value}`);
			if (a.name === "href") {
				const to = new URL(a.value, location.href);
				if (name === "link" && more.length && a.value.startsWith("data:image/svg+xml;base64,")) continue; // a page that is one file
				if (!to.href.startsWith(site) && !["https:", "http:", "mailto:"].includes(to.protocol)) wrong.push(`a link to ${a.value}`);
				if (name === "link" && !to.href.startsWith(site)) wrong.push(`a style of ${a.value}`);
			}
		}
		if (name === "meta" && e.httpEquiv && e.httpEquiv !== "Content-Security-Policy") wrong.push(`a meta tag ${e.outerHTML}`);
	}
	if (document.querySelectorAll("meta[http-equiv]").length !== 1) wrong.push("not one content security policy");
	// Characters that hide or reorder text must not be in it.
	const hidden = document.documentElement.textContent.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/);
	if (hidden) wrong.push(`a character ${hidden[0].codePointAt(0).toString(16)}`);
	return wrong;
}
