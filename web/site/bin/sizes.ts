/** How much each page loads at first, after gzip; more than this fails the build. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 90_000;
const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

for (const page of ['inbox', 'desk']) {
  const html = readFileSync(`${DIST}/${page}/index.html`);
  const assets = [...html.toString().matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  const files = [html, ...assets.map((path) => readFileSync(DIST + path))];
  const size = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  console.log(`/${page}: ${(size / 1000).toFixed(1)} kB after gzip`);
  if (size > LIMIT) throw new Error(`/${page} is larger than ${LIMIT} bytes`);
}
