/**
 * Makes src/api.gen.ts of the OpenAPI document; with `--check`, fails if it is not what the document
 * makes of it.
 */

import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const DOCUMENT = new URL('../../../docs/openapi.json', import.meta.url);
const TYPES = new URL('../src/api.gen.ts', import.meta.url);

const types = `// Made of docs/openapi.json: npm run generate\n\n${astToString(await openapiTS(DOCUMENT))}`;
if (!process.argv.includes('--check')) {
  await writeFile(TYPES, types);
} else if ((await readFile(TYPES, 'utf8')) !== types) {
  console.error('src/api.gen.ts is not what docs/openapi.json makes of it: npm run generate -w client');
  process.exit(1);
}
