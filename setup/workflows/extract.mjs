// Writes the workflows that pages of documentation show to files: extract.mjs DIRECTORY PAGE...
//
// Empty lines above each keep its line numbers those of the page, so that what is said of a file holds for the page.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [directory, ...pages] = process.argv.slice(2);
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
for (const page of pages) {
  const text = readFileSync(page, 'utf8');
  for (const block of text.matchAll(/^```yaml\n(.*?)^```$/gms)) {
    if (!/^jobs:$/m.test(block[1])) continue;
    const line = text.slice(0, block.index).split('\n').length;
    writeFileSync(path.join(directory, `${path.basename(page)}-${line}.yml`), '\n'.repeat(line) + block[1]);
  }
}
