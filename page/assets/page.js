// What all pages do: buttons that copy a command, and the address of the badge.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
	const code = button.parentElement.querySelector("code");
	button.hidden = false;
	button.addEventListener("click", async () => {
		const done = await copy(code);
		button.textContent = done ? "Copied" : "Press Ctrl+C";
		setTimeout(() => { button.textContent = "Copy"; }, 2000);
	});
}

// copy puts the text of an element into the clipboard. Where a page may not, as from some files, it selects the text.
async function copy(element) {
	try {
		await navigator.clipboard.writeText(element.textContent);
		return true;
	} catch {
		const range = document.createRange();
		range.selectNodeContents(element);
		const selection = getSelection();
		selection.removeAllRanges();
		selection.addRange(range);
		return false;
	}
}

// The addresses of the badge and of the page are known only where the page is published.
if (location.protocol.startsWith("http")) {
	for (const code of document.querySelectorAll("code[data-badge]")) {
		const page = location.href.replace(/#.*/, "");
		const badge = new URL(code.dataset.badge, page).href;
		code.textContent = code.textContent.replace(/\]\([^)]*\)\]\([^)]*\)$/, () => `](${badge})](${page})`);
	}
}
