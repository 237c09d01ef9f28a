// Tests a catalogue's site as its readers use it: site.mjs SITE EXPECTED
//
// SITE is the address of the site. EXPECTED is a JSON file with queries, and the names that seedpack discover finds for them.
import { readFileSync } from "node:fs";
import { axePath, check, equal, fail, guarded, withBrowser } from "./lib.mjs";

const [site, expectedFile] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(expectedFile, "utf8"));

const shown = (page) => page.locator(".card .where").allTextContents();
const count = (page) => page.locator("#count").textContent();

await withBrowser(async (browser) => {
	const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
	const page = await guarded(context, site);
	await open(page, "");
	await search(page);
	await smoke(page);
	await filters(page);
	await address(page);
	await keyboard(page);
	await jobPage(page);
	await context.close();
	await withoutScripts(browser);
	await print(browser);
	if (site.startsWith("file:")) await everyWidth(browser); // the same pages are checked once
});

async function open(page, hash) {
	await page.goto("about:blank");
	await page.goto(`${site}index.html${hash}`);
	await page.waitForSelector(".card, #none:not([hidden])");
	await page.waitForFunction(() => document.readyState === "complete");
}

// Each query finds what the command finds, in the same order.
async function search(page) {
	await page.waitForFunction(() => document.querySelectorAll(".card").length > 0);
	for (const [query, want] of Object.entries(expected.queries)) {
		await page.fill("#query", query);
		equal(`query ${query}`, await shown(page), want.slice(0, 30));
		equal(`count of ${query}`, await count(page), `${want.length} ${want.length === 1 ? "job" : "jobs"}`);
	}
	await page.fill("#query", "");
	equal("all", (await shown(page)).length, Math.min(30, expected.jobs));
	const titles = (await page.locator(".card h3 a").allTextContents()).map((title) => title.toLowerCase());
	equal("without a query jobs come by title", titles, [...titles].sort());
	if (expected.jobs > 30) {
		await page.click("#more");
		equal("more", (await shown(page)).length, Math.min(60, expected.jobs));
		check(await page.evaluate(() => document.activeElement.matches(".card h3 a")), "the focus is not on the first new job");
	}
}

// What was said of smoke runs is on the cards of the list, and on none of whose job nothing was said.
async function smoke(page) {
	for (const [title, want] of Object.entries(expected.smoke)) {
		await page.fill("#query", title);
		const card = page.locator(".card", { has: page.locator(`h3 a:text-is("${title}")`) });
		equal(`smoke run of ${title}`, (await card.locator(".badge").allTextContents()).filter((text) => text.startsWith("smoke")).join(), want);
	}
	await page.fill("#query", "");
}

// choice returns the box of a filter's value.
function choice(page, title, value) {
	const group = page.locator("fieldset", { has: page.locator("legend", { hasText: new RegExp(`^${title}$`) }) });
	return group.locator("label", { has: page.locator(`.name:text-is("${value}")`) }).locator("input");
}

async function filters(page) {
	await choice(page, "Reads", "image/tiff").check();
	await choice(page, "Writes", "image/png").check();
	equal("tiff to png", await shown(page), expected.tiffToPNG);
	check(await page.evaluate(() => document.activeElement.type === "checkbox"), "the focus is lost when a filter changes");
	equal("active filters", await page.locator("#active").textContent(), "2");
	await page.fill("#cpus", "1");
	equal("at most one CPU", await shown(page), expected.tiffToPNGOneCPU);
	await page.click("#clear");
	equal("cleared", await count(page), `${expected.jobs} jobs`);
	await page.selectOption("#sort", "new");
	equal("newest", (await shown(page))[0], expected.newest);
	await page.selectOption("#sort", "small");
	equal("smallest", (await shown(page))[0], expected.smallest);
	await page.selectOption("#sort", "name");
}

// The address keeps query, filters and sorting, and can be shared.
async function address(page) {
	await page.fill("#query", "png & more+ä");
	await choice(page, "Reads", "image/tiff").check();
	await page.selectOption("#sort", "new");
	const [url, list] = [page.url(), await shown(page)];
	await open(page, new URL(url).hash);
	equal("query of a shared address", await page.inputValue("#query"), "png & more+ä");
	equal("jobs of a shared address", await shown(page), list);
	equal("sorting of a shared address", await page.inputValue("#sort"), "new");
	await page.evaluate(() => { location.hash = "#q=zebra-crossing"; });
	await page.waitForSelector("#none:not([hidden])");
	equal("nothing", await count(page), "0 jobs");
	await page.click("#reset");
	equal("started over", await count(page), `${expected.jobs} jobs`);
	equal("address at the start", new URL(page.url()).hash, "");
}

async function keyboard(page) {
	await open(page, "");
	await page.keyboard.press("Tab");
	equal("first stop", await page.evaluate(() => document.activeElement.className), "skip");
	await page.keyboard.press("/");
	await page.keyboard.type("geotiff png");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("ArrowUp");
	equal("the first result has the focus", await page.evaluate(() => document.activeElement === document.querySelector(".card h3 a")), true);
	await page.keyboard.press("Enter");
	await page.waitForSelector("h1");
	equal("the job's page", await page.locator("h1").textContent(), expected.best);
	await page.goBack();
	equal("back at the query", await page.inputValue("#query"), "geotiff png");
	await wayBack(page);
	await page.focus("#query");
	await page.keyboard.press("Escape");
	equal("escape", await count(page), `${expected.jobs} jobs`);
}

// The way back from a job ends where it began, also if the browser loads the list anew.
async function wayBack(page) {
	await open(page, "");
	await page.click("#more");
	const last = page.locator(".card h3 a").nth(45);
	const title = await last.textContent();
	await last.click();
	await page.waitForSelector(".facts");
	await page.goBack();
	await page.waitForSelector(".card");
	await page.reload();
	await page.waitForSelector(".card");
	equal("the job is there again", (await page.locator(".card h3 a").allTextContents())[45], title);
	await open(page, "#q=geotiff+png");
}

async function jobPage(page) {
	await page.goto(site + expected.page);
	equal("title", await page.locator("h1").textContent(), expected.best);
	const badges = (at) => page.locator(`${at} .badge`).evaluateAll((all) => all.map((e) => `${e.textContent.trim().replace(/\s+/g, " ")}: ${e.className}`));
	equal("badges", await badges(".title"), ["version 1.1.0: badge ", "lint 1 warning: badge warn", "smoke passed: badge good"]);
	equal("badges of the version before", await badges(".versions li:nth-child(2)"), ["smoke failed: badge bad"]);
	equal("what the badge is worth", await page.locator(".facts dt:text-is('Smoke run') + dd").textContent(), "passed, as said by whoever pushed it (not verified)");
	const commands = await page.locator("#run-title ~ .command code").allTextContents();
	for (const want of expected.commands) check(commands.includes(want), `there is no command ${want} among`, commands);
	await page.locator("#run-title ~ .command .copy").first().click();
	await page.waitForFunction(() => document.querySelector("#run-title ~ .command .copy").textContent !== "Copy");
	await page.locator(".readme summary").click();
	check(await page.locator(".readme img").evaluate((img) => img.complete && img.naturalWidth > 50), "the badge is no picture");
	await page.locator(".tag").first().click();
	await page.waitForSelector(".card");
	equal("a tag leads to the list", new URL(page.url()).hash, expected.tagHash);
	equal("jobs of a tag", await shown(page), expected.tagged);
}

async function withoutScripts(browser) {
	const context = await browser.newContext({ javaScriptEnabled: false });
	const page = await guarded(context, site);
	await page.goto(site + "index.html");
	await page.locator("noscript a").click();
	equal("all jobs", await page.locator("tbody tr").count(), expected.jobs);
	await page.goto(site + expected.page);
	check(await page.locator("#run-title ~ .command code").first().isVisible(), "without scripts there are no commands");
	check(!(await page.locator(".copy").first().isVisible()), "without scripts a button does nothing");
	await context.close();
}

async function print(browser) {
	const context = await browser.newContext({ viewport: { width: 794, height: 1123 } });
	const page = await guarded(context, site);
	await page.emulateMedia({ media: "print", colorScheme: "dark" });
	await page.goto(site + expected.page);
	for (const [selector, visible] of [["h1", true], ["#run-title ~ .command code", true], [".top", false], [".copy", false]]) {
		equal(`${selector} in print`, await page.locator(selector).first().isVisible(), visible);
	}
	equal("ink in print", await page.evaluate(() => getComputedStyle(document.body).color), "rgb(0, 0, 0)");
	await context.close();
}

// At every width, in light and dark, nothing is cut off and axe finds nothing.
async function everyWidth(browser) {
	for (const [colorScheme, widths] of [["light", [360, 768, 1440]], ["dark", [360, 1440]]]) {
		for (const width of widths) {
			const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
			const page = await context.newPage();
			for (const path of ["index.html", "index.html#q=zebra-crossing", "all.html", "skipped.html", expected.page]) {
				await page.goto("about:blank");
				await page.goto(site + path);
				await page.waitForLoadState();
				await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
				const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				if (wide > 0) fail(`${path} is ${wide} pixels wider than ${width}`);
				for (const wrong of await page.evaluate(misplaced)) fail(`${path} at ${width}: ${wrong}`);
				await page.addScriptTag({ path: axePath });
				const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
				for (const v of found.violations) fail(`axe, ${path}, ${colorScheme}, ${width}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.html} ${n.failureSummary}`).join("\n")}`);
			}
			await context.close();
		}
	}
}

// misplaced says what a reader of a page could not see. It runs in the page.
function misplaced() {
	const wrong = [], narrow = innerWidth < 736, box = (selector) => document.querySelector(selector)?.getBoundingClientRect();
	for (const copy of document.querySelectorAll(".copy")) {
		const [a, b] = [copy.getBoundingClientRect(), copy.parentElement.querySelector("pre").getBoundingClientRect()];
		if (a.width && a.left < b.right && a.top < b.bottom) wrong.push(`a button covers ${copy.parentElement.textContent}`);
	}
	for (const pre of document.querySelectorAll(".command pre")) {
		if (narrow && pre.scrollWidth > pre.clientWidth) wrong.push(`a command is cut: ${pre.textContent}`);
	}
	for (const e of document.querySelectorAll(".scroll, .command pre")) {
		if (e.scrollWidth > e.clientWidth && !getComputedStyle(e).backgroundAttachment.includes("local")) wrong.push(`nothing says that ${e.textContent} scrolls`);
	}
	if (innerWidth < 992 && box(".facts") && box(".facts").top > box("#run-title").top) wrong.push("the facts come after the commands");
	const [search, results] = [box(".search"), box(".results")];
	if (innerWidth < 992 && search?.width && Math.abs(search.right - results.right) > 1) wrong.push(`the search ends at ${search.right}, the results at ${results.right}`);
	const input = document.querySelector(".search input");
	if (input?.clientWidth) {
		const style = getComputedStyle(input), pen = document.createElement("canvas").getContext("2d");
		pen.font = style.font;
		const room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
		if (pen.measureText(input.placeholder).width > room) wrong.push(`the placeholder needs more than ${room} pixels`);
		if (narrow && box(".search kbd").width) wrong.push("a phone shows a key");
	}
	return wrong;
}
