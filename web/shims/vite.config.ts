import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    target: 'es2022',
    lib: {
      entry: { 'socket.io': 'src/socket.io.ts', cable: 'src/cable.ts', websocket: 'src/websocket.ts' },
      formats: ['es'],
      // The dot of `socket.io` begins no extension.
      fileName: (_, name) => `${name}.js`,
    },
    rolldownOptions: { external: ['pusher-js'] },
  },
});
