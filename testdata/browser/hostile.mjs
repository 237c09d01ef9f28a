// Opens every page of a site that was made from hostile manifests: hostile.mjs SITE PAGES
//
// No page may run a line, ask for anything, or have an element or attribute that a manifest has put there. PAGES is a JSON
// file with the addresses of pages, relative to the site.
import { readFileSync } from "node:fs";
import { check, equal, guarded, withBrowser } from "./lib.mjs";

const [site, pagesFile] = process.argv.slice(2);
const pages = JSON.parse(readFileSync(pagesFile, "utf8"));

await withBrowser(async (browser) => {
	const context = await browser.newContext();
	await context.addInitScript(() => {
		globalThis.violations = [];
		document.addEventListener("securitypolicyviolation", (e) => globalThis.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
	});
	const queue = [...pages];
	await Promise.all(Array.from({ length: 4 }, async () => {
		const page = await guarded(context, site);
		for (let path = queue.shift(); path; path = queue.shift()) {
			await page.goto(site + path);
			equal(`in ${path}`, await page.evaluate(inspect, site), []);
		}
		await page.close();
	}));
	await list(await guarded(context, site));
});

// inspect returns what a page must not have. It runs in the page.
function inspect(site) {
	const wrong = [...globalThis.violations];
	if (globalThis.executed) wrong.push("a line was executed");
	for (const e of document.querySelectorAll("*")) {
		const name = e.localName;
		const known = ["html", "head", "meta", "title", "link", "script", "body", "a", "header", "div", "img", "span", "nav", "main", "footer", "p", "b", "h1", "h2", "h3", "ul", "ol", "li",
			"dl", "dt", "dd", "section", "aside", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "button", "details", "summary", "article", "form", "label", "input", "kbd",
			"fieldset", "legend", "select", "option", "noscript"];
		if (!known.includes(name)) wrong.push(`an element ${name}`);
		for (const a of e.attributes) {
			if (/^on|^style$|^srcdoc$|^formaction$|^ping$/i.test(a.name)) wrong.push(`an attribute ${name}[${a.name}]`);
			if (a.name === "src" && !new URL(a.value, location.href).href.startsWith(site)) wrong.push(`a source ${a.value}`);
			if (a.name === "href") {
				const to = new URL(a.value, location.href);
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

// The list draws the same text with a script.
async function list(page) {
	await page.goto(site + "index.html");
	await page.waitForSelector(".card");
	while (await page.locator("#more").isVisible()) await page.click("#more");
	check(await page.locator(".card").count() > 400, "the list has not all jobs");
	for (let more = page.locator("fieldset button.plain"); await more.count(); ) await more.first().click();
	for (const box of (await page.locator(".choice input").all()).slice(0, 20)) {
		await box.check();
		await page.click("#clear");
	}
	equal("in the list", await page.evaluate(inspect, site), []);
	for (const hash of ["#q=%3Cimg+src%3Dx+onerror%3Dexecuted%3D1%3E", "#tag=%3Cscript%3Eexecuted%3D1%3C%2Fscript%3E&sort=__proto__&cpus=NaN", "#q=%", "#sort=constructor"]) {
		await page.goto("about:blank");
		await page.goto(site + "index.html" + hash);
		await page.waitForLoadState();
		equal(`with ${hash}`, await page.evaluate(inspect, site), []);
	}
}
