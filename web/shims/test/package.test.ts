/** How large the shims are. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Bytes of each after minifying and gzip, with what they share, without pusher-js. */
const LIMIT = 2_048;

for (const shim of ['socket.io', 'cable', 'websocket']) {
  test(`${shim} is no larger than ${LIMIT} bytes`, async (t) => {
    const built = await build({
      configFile: false,
      logLevel: 'silent',
      build: {
        write: false,
        target: 'es2022',
        rolldownOptions: {
          input: fileURLToPath(new URL(`../src/${shim}.ts`, import.meta.url)),
          external: ['pusher-js'],
          preserveEntrySignatures: 'strict',
          output: { format: 'es', minify: true },
        },
      },
    });
    assert.ok('output' in built);
    const code = built.output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('');
    const { length } = gzipSync(code, { level: 9 });
    t.diagnostic(`${shim}: ${length} bytes, ${code.length} before gzip`);
    assert.ok(length <= LIMIT, `${length} bytes`);
  });
}
