/** The pages as a deployment serves them: files, a configuration, and the headers of docs/web.md. */

import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { request as call, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: https:",
  "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

export interface Site {
  url: string;
  stop(): Promise<void>;
}

/** Serves `web/dist` with this configuration, and the program's `/dev`, which answers to its own pages alone. */
export async function serve(program: string, config: object | null): Promise<Site> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const headers = { 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' };
    if (pathname === '/config.json' && config) {
      response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(config));
      return;
    }
    if (pathname.startsWith('/dev/')) {
      const passed = call(program + pathname, { agent: false, method: request.method ?? 'GET' }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' });
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      request.pipe(passed);
      return;
    }
    const file = DIST + fileOf(pathname);
    if (!existsSync(file) || file.includes('..')) {
      response.writeHead(404, headers).end();
      return;
    }
    response.writeHead(200, {
      ...headers,
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    });
    createReadStream(file).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

function fileOf(pathname: string): string {
  const page = /^\/(inbox|desk)(\/[^/]*)?$/.exec(pathname);
  return page ? `/${page[1]}/index.html` : pathname;
}
