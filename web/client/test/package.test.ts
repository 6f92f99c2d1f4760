/** What is published: its size, and that it can be used as it says. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Bytes after minifying and gzip, without pusher-js. A support widget has room for the first. */
const LIMITS = { 'core-entry': 8_600, index: 10_450 };

for (const [entry, limit] of Object.entries(LIMITS)) {
  test(`${entry} is no larger than ${limit} bytes`, async (t) => {
    const file = fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url));
    const built = await build({
      configFile: false,
      logLevel: 'silent',
      build: {
        write: false,
        target: 'es2022',
        rolldownOptions: {
          input: file,
          external: ['pusher-js'],
          preserveEntrySignatures: 'strict',
          output: { format: 'es', minify: true },
        },
      },
    });
    assert.ok('output' in built);
    const code = built.output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('');
    const { length } = gzipSync(code, { level: 9 });
    t.diagnostic(`${entry}: ${length} bytes, ${code.length} before gzip`);
    assert.ok(length <= limit, `${length} bytes`);
    assert.equal(
      code.includes('pusher-js'),
      entry === 'index',
      'the core leaves the choice of pusher-js to the app',
    );
  });
}
