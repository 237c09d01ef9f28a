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
