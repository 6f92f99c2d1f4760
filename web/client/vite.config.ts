import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    target: 'es2022',
    lib: { entry: { index: 'src/index.ts', core: 'src/core-entry.ts' }, formats: ['es'] },
    rolldownOptions: { external: ['pusher-js'] },
  },
});
