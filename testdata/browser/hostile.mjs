// Opens every page of a site that was made from hostile manifests: hostile.mjs SITE PAGES
//
// No page may run a line, ask for anything, or have an element or attribute that a manifest has put there. PAGES is a JSON
// file with the addresses of pages, relative to the site.
import { readFileSync } from "node:fs";
import { check, equal, guarded, inspect, watchPolicy, withBrowser } from "./lib.mjs";

const [site, pagesFile] = process.argv.slice(2);
const pages = JSON.parse(readFileSync(pagesFile, "utf8"));

await withBrowser(async (browser) => {
	const context = await browser.newContext();
	await watchPolicy(context);
	const queue = [...pages];
	await Promise.all(Array.from({ length: 4 }, async () => {
		const page = await guarded(context, site);
		for (let path = queue.shift(); path; path = queue.shift()) {
			await page.goto(site + path);
			equal(`in ${path}`, await page.evaluate(inspect, { site }), []);
		}
		await page.close();
	}));
	await list(await guarded(context, site));
});

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
	equal("in the list", await page.evaluate(inspect, { site }), []);
	for (const hash of ["#q=%3Cimg+src%3Dx+onerror%3Dexecuted%3D1%3E", "#tag=%3Cscript%3Eexecuted%3D1%3C%2Fscript%3E&sort=__proto__&cpus=NaN", "#q=%", "#sort=constructor"]) {
		await page.goto("about:blank");
		await page.goto(site + "index.html" + hash);
		await page.waitForLoadState();
		equal(`with ${hash}`, await page.evaluate(inspect, { site }), []);
	}
}
