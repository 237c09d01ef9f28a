// Measures a large catalogue's list in a browser: bench.mjs SITE
//
// Opening ends when the first cards are drawn. A search ends when its results are drawn, too. The medians are printed.
import { withBrowser } from "./lib.mjs";

const [site] = process.argv.slice(2);
const median = (all) => [...all].sort((a, b) => a - b)[all.length >> 1];

await withBrowser(async (browser) => {
	const opened = [], searchable = [];
	for (let round = 0; round < 5; round++) {
		const page = await browser.newPage();
		await page.addInitScript(() => {
			new MutationObserver((_, observer) => {
				if (!document.querySelector(".card")) return;
				globalThis.drawn = performance.now();
				observer.disconnect();
			}).observe(document, { childList: true, subtree: true });
		});
		await page.goto(site + "index.html");
		await page.waitForFunction(() => globalThis.drawn);
		opened.push(await page.evaluate(() => globalThis.drawn));
		searchable.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd));
		await page.close();
	}
	const page = await browser.newPage();
	await page.goto(site + "index.html");
	await page.waitForSelector(".card");
	await page.waitForLoadState();
	const times = {};
	for (const query of ["e", "cloud", "geotiff", "jane", "cloud mask radar", "job-0042", "image/png", "nothing-like-it"]) {
		times[query] = median(await page.evaluate(async (query) => {
			const input = document.getElementById("query"), took = [];
			for (let round = 0; round < 9; round++) {
				input.value = query;
				const start = performance.now();
				input.dispatchEvent(new Event("input", { bubbles: true }));
				document.body.offsetHeight; // lays the results out
				took.push(performance.now() - start);
				await new Promise(requestAnimationFrame);
			}
			return took;
		}, query));
	}
	console.log(`the list opens in ${median(opened).toFixed(0)} ms, at most 1000; it can be searched after ${median(searchable).toFixed(0)} ms`);
	console.log(`a search takes ${Math.max(...Object.values(times)).toFixed(1)} ms, at most 50: ${Object.entries(times).map(([q, ms]) => `${q} ${ms.toFixed(1)}`).join(", ")}`);
});
