// Checks action.yml and the workflows with GitHub's own language service: check.mjs NODE_MODULES FILE...
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { createRequire, registerHooks } from 'node:module';
import path from 'node:path';

// The service imports JSON as bundlers let it, without saying so to Node.
registerHooks({
  load: (url, context, next) => next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
});

const [modules, ...files] = process.argv.slice(2);
const service = path.join(path.resolve(modules), '@actions/languageservice/dist/index.js');
const { validate } = await import(pathToFileURL(service));
const { TextDocument } = createRequire(pathToFileURL(service))('vscode-languageserver-textdocument');

let found = 0;
for (const file of files) {
  const document = TextDocument.create(pathToFileURL(path.resolve(file)).href, 'yaml', 0, readFileSync(file, 'utf8'));
  for (const { range, message } of await validate(document)) {
    console.log(`${file}:${range.start.line + 1}:${range.start.character + 1}: ${message}`);
    found++;
  }
}
process.exitCode = found ? 1 : 0;
