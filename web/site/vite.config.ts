import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Puts the widget, which is built by itself, beside the pages: the shop's page has it. */
const widget: Plugin = {
  name: 'widget',
  closeBundle() {
    cpSync(here('../widget/dist'), here('../dist/widget'), { recursive: true });
    cpSync(here('icon.svg'), here('../dist/favicon.svg'));
  },
};

export default defineConfig({
  root: here('.'),
  base: '/',
  plugins: [widget],
  resolve: {
    // From its source, so that the pages take only what they use.
    alias: { 'parlour-client': here('../client/src/index.ts') },
  },
  build: {
    target: 'es2022',
    outDir: here('../dist'),
    emptyOutDir: true,
    // Data addresses are not worth a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        start: here('index.html'),
        inbox: here('inbox/index.html'),
        desk: here('desk/index.html'),
        shop: here('shop/index.html'),
        live: here('live/index.html'),
      },
    },
  },
});
