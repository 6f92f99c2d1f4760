/** Builds dist/: widget.js, which pages load, and beside it the panel and the languages, which it loads. */

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { minify } from 'terser';
import { build, type Plugin, type Rollup } from 'vite';

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const NOTICE = '/*! With pusher-js 8.6.0, (c) 2020 Pusher, Ltd, MIT licence */';
const PUSHER = here('../node_modules/pusher-js/src');

/** Modules of pusher-js that are never called here: other channels, other transports, other ways to authorize, users. */
const UNUSED =
  /pusher-js\/src\/core\/(user|channels\/(encrypted|presence)_channel|http\/http_socket|timeline\/timeline_sender|auth\/(user_authenticator|channel_authorizer|deprecated_channel_authorizer))\.ts$/;

/** Modules of pusher-js for whoever develops with it: its log, and links to its manual. */
const FOR_DEVELOPERS = /pusher-js\/src\/core\/(logger|utils\/url_store)\.ts$/;

const withoutUnused: Plugin = {
  name: 'without-unused',
  enforce: 'pre',
  load(id) {
    // Called with `new` too, so no arrow.
    if (UNUSED.test(id)) return 'export default function () {} export const ChannelAuthorizerProxy = null;';
    if (!FOR_DEVELOPERS.test(id)) return null;
    return `const nothing = () => '';
      export default { debug: nothing, warn: nothing, error: nothing, buildLogSuffix: nothing };`;
  },
};

/** Bundles an entry; files that it loads later become files of their own. */
async function bundle(
  entry: string,
  names: object,
  define: Record<string, string> = {},
): Promise<Rollup.OutputChunk[]> {
  const result = await build({
    root: here('.'),
    configFile: false,
    logLevel: 'warn',
    define: {
      ...define,
      VERSION: '"8.6.0"',
      CDN_HTTP: '""',
      CDN_HTTPS: '""',
      DEPENDENCY_SUFFIX: '""',
      global: 'self',
    },
    plugins: [withoutUnused],
    // Fields that are declared alone hold what a parent's constructor has set, in Pusher's sources.
    oxc: {
      typescript: { removeClassFieldsWithoutInitializer: true },
      assumptions: { setPublicClassFields: true },
    },
    resolve: {
      // Pusher has a pusher.js beside its pusher.ts.
      extensions: ['.ts', '.js'],
      alias: {
        // From their sources, so that what the widget does not use stays out.
        'parlour-client/core': here('../client/src/core-entry.ts'),
        'pusher-js': `${PUSHER}/core/pusher.ts`,
        core: `${PUSHER}/core`,
        runtime: here('src/pusher/runtime.ts'),
      },
    },
    build: {
      write: false,
      target: 'es2022',
      cssTarget: ['chrome123', 'safari17.5', 'firefox120'],
      modulePreload: false,
      minify: 'oxc',
      rolldownOptions: { input: here(entry), preserveEntrySignatures: 'strict', output: names },
    },
  });
  return (result as Rollup.RollupOutput).output.filter((it) => it.type === 'chunk');
}

/** Private names beginning with `_` are mangled; Pusher's library has such. */
async function shrink(code: string, isModule: boolean): Promise<string> {
  const { code: small = '' } = await minify(code, {
    module: isModule,
    ecma: 2020,
    compress: { passes: 3, unsafe_arrows: true },
    mangle: { properties: { regex: /^_/ } },
    // What is bundled is named, as its licence wants.
    format: { comments: false, preamble: isModule && code.includes('pusher') ? NOTICE : '' },
  });
  return small;
}

async function write(name: string, code: string, isModule: boolean): Promise<void> {
  await writeFile(here(`dist/${name}`), await shrink(code, isModule));
}

await rm(here('dist'), { recursive: true, force: true });
await mkdir(here('dist'));
// With the hash of what is in them, so that they can be cached for ever.
const named = { format: 'es', entryFileNames: 'panel-[hash].js', chunkFileNames: '[name]-[hash].js' };
const chunks = await bundle('src/panel.ts', named);
for (const { fileName, code } of chunks) await write(fileName, code, true);
const panel = chunks.find(({ isEntry }) => isEntry)?.fileName;
const loader = await bundle('src/loader.ts', { format: 'iife' }, { PANEL: JSON.stringify(panel) });
await write('widget.js', loader[0]?.code ?? '', false);

for (const name of await readdir(here('dist'))) {
  const size = gzipSync(await readFile(here(`dist/${name}`)), { level: 9 }).length;
  console.log(`${String(size).padStart(6)} bytes after gzip  ${name}`);
}
