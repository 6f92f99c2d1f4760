import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Takes the last build away, and nothing else that stands in `web/dist`. */
const clean: Plugin = {
  name: 'clean',
  buildStart() {
    for (const folder of ['assets', 'desk', 'inbox'])
      rmSync(here(`../dist/${folder}`), { recursive: true, force: true });
  },
};

export default defineConfig({
  root: here('.'),
  base: '/',
  plugins: [clean],
  resolve: {
    // From its source, so that the pages take only what they use.
    alias: { 'parlour-client': here('../client/src/index.ts') },
  },
  build: {
    target: 'es2022',
    outDir: here('../dist'),
    emptyOutDir: false,
    // Data addresses are not worth a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { inbox: here('inbox/index.html'), desk: here('desk/index.html') },
    },
  },
});
