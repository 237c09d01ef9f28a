// Tests the pages of runs, which are one file each: run.mjs DIRECTORY EXPECTED
//
// DIRECTORY is the address of a directory with the pages. EXPECTED is a JSON file: pages with what they show, which are looked at
// at every width, and hostile ones, in which no job's text may be more than text.
import { readFileSync } from "node:fs";
import { axePath, check, equal, fail, guarded, inspect, watchPolicy, withBrowser } from "./lib.mjs";

const [site, expectedFile] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(expectedFile, "utf8"));
const more = ["style", "svg", "path", "rect", "line", "figure", "figcaption", "h4", "h5", "mark", "br"];

await withBrowser(async (browser) => {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
	await watchPolicy(context);
	const page = await guarded(context, site);
	for (const file of [...expected.hostile, ...expected.pages.map((p) => p.file)]) {
		await page.goto(site + file);
		equal(`in ${file}`, await page.evaluate(inspect, { site, more }), []);
		equal(`scripts of ${file}`, await page.locator("script").count(), 0);
	}
	await context.close();
	for (const page of expected.pages) await look(browser, page);
	await print(browser, expected.pages[0]);
});

// At every width, in light and dark, a page shows what it should, nothing is cut off, and axe finds nothing.
async function look(browser, { file, shows, pictures }) {
	for (const [colorScheme, width] of [["light", 360], ["light", 1440], ["dark", 800]]) {
		const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
		const page = await context.newPage();
		await page.goto(site + file);
		const text = await page.locator("body").innerText();
		for (const want of shows) check(text.includes(want), `${file} does not show ${want}`);
		equal(`pictures of ${file}`, await page.locator("svg.plot").count(), pictures);
		for (const picture of await page.locator("svg.plot").all()) {
			const [frame, curve] = await picture.evaluate((svg) => [svg, svg.querySelector(".curve")].map((e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; }));
			check(frame[2] - frame[0] > 200 && frame[3] - frame[1] > 100, `${file} has a picture of ${frame}`);
			check(curve[0] >= frame[0] - 2 && curve[1] >= frame[1] - 2 && curve[2] <= frame[2] + 2 && curve[3] <= frame[3] + 2, `${file} has a curve at ${curve} in ${frame}`);
		}
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		if (wide > 0) fail(`${file} is ${wide} pixels wider than ${width}`);
		await page.addScriptTag({ path: axePath });
		const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
		for (const v of found.violations) fail(`axe, ${file}, ${colorScheme}, ${width}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.html} ${n.failureSummary}`).join("\n")}`);
		await context.close();
	}
}

// On paper everything is there, in black, and no output is cut.
async function print(browser, { file }) {
	const context = await browser.newContext({ viewport: { width: 794, height: 1123 } });
	const page = await context.newPage();
	await page.emulateMedia({ media: "print", colorScheme: "dark" });
	await page.goto(site + file);
	equal("ink in print", await page.evaluate(() => getComputedStyle(document.body).color), "rgb(0, 0, 0)");
	equal("the bar in print", await page.locator(".top").isVisible(), false);
	const cut = await page.evaluate(() => [...document.querySelectorAll("pre, .scroll")].filter((e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.outerHTML.slice(0, 80)));
	equal("cut in print", cut, []);
	await context.close();
}
