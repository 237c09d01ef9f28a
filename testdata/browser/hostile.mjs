// Opens every page of a site that was made from hostile manifests: hostile.mjs SITE PAGES
//
// No page may run a line, ask for anything, or have an element or attribute that a manifest has put there. SITE is a file:
// address. PAGES is a JSON file with two lists of addresses of pages, relative to the site. Those to "open" are opened as a reader
// does it. Those to "write" are in directories of one depth. Each is written into a live document of that depth, which the
// browser parses, styles and runs as any other: going to a page takes it several times as long.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { check, equal, guarded, inspect, watchPolicy, withBrowser } from "./lib.mjs";

const [site, pagesFile] = process.argv.slice(2);
const pages = JSON.parse(readFileSync(pagesFile, "utf8"));
const html = (path) => readFileSync(fileURLToPath(site + path), "utf8");

await withBrowser(async (browser) => {
	const context = await browser.newContext();
	await watchPolicy(context);
	const toOpen = [...pages.open], toWrite = [...pages.write];
	await Promise.all(Array.from({ length: 2 }, async () => {
		const page = await guarded(context, site);
		for (let path = toOpen.shift(); path; path = toOpen.shift()) {
			await page.goto(site + path);
			equal(`in ${path}`, await page.evaluate(inspect, { site }), []);
		}
		await page.goto(site + pages.write[0]);
		for (let path = toWrite.shift(); path; path = toWrite.shift()) {
			await write(page, html(path));
			equal(`in ${path}`, await page.evaluate(inspect, { site }), []);
		}
		await page.close();
	}));
	await caught(context);
	await list(await guarded(context, site));
});

// write replaces the document of a page, and waits until all that it refers to is there.
function write(page, text) {
	return page.evaluate((text) => new Promise((loaded) => {
		document.open();
		globalThis.violations.watch();
		addEventListener("load", loaded, { once: true });
		document.write(text);
		document.close();
	}), text);
}

// caught proves that what must not be is seen in a document that is written.
async function caught(context) {
	const page = await context.newPage();
	await page.goto(site + pages.write[0]);
	const text = html(pages.write[0]);
	for (const [bad, want] of [["<script>executed=1</script>", "script-src-elem inline "], ["<b onclick=executed=1>", "an attribute b[onclick]"], ["<img src=https://evil.example/x>", "img-src"],
		["<style>b{}</style>", "an element style"], ["<meta http-equiv=refresh content=9>", "a meta tag"], ["<a href=javascript:x>", "a link to javascript:x"], ["a\u202eb", "a character 202e"]]) {
		await write(page, text.replace("<h1>", `${bad}<h1>`));
		const wrong = await page.evaluate(inspect, { site });
		check(wrong.some((w) => w.startsWith(want)), `${bad} is not seen, only`, wrong);
	}
	await page.close();
}

// The list draws the same text with a script.
async function list(page) {
	await page.goto(site + "index.html");
	await page.waitForSelector(".card");
	await page.evaluate(() => { for (const more = document.getElementById("more"); !more.hidden; ) more.click(); });
	check(await page.locator(".card").count() > 400, "the list has not all jobs");
	await page.evaluate(() => { for (let more; (more = document.querySelector("fieldset button.plain")); ) more.click(); });
	equal("in the list", await page.evaluate(inspect, { site }), []);
	await page.evaluate(() => {
		for (let n = 0; n < 20; n++) {
			document.querySelectorAll(".choice input")[n].click();
			document.getElementById("clear").click();
		}
	});
	equal("in the list with filters", await page.evaluate(inspect, { site }), []);
	for (const hash of ["#q=%3Cimg+src%3Dx+onerror%3Dexecuted%3D1%3E", "#tag=%3Cscript%3Eexecuted%3D1%3C%2Fscript%3E&sort=__proto__&cpus=NaN", "#q=%", "#sort=constructor"]) {
		await page.goto("about:blank");
		await page.goto(site + "index.html" + hash);
		await page.waitForLoadState();
		equal(`with ${hash}`, await page.evaluate(inspect, { site }), []);
	}
}
