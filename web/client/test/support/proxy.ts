/** What lies between a client and Parlour: HTTP and the WebSocket, with faults that a test asks for. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** A call as it went by. */
export interface Call {
  method: string;
  path: string;
  body: string;
}

/** `refuse` reaches nobody, `lose` reaches the server, whose answer then gets lost. */
export type Fate = 'pass' | 'refuse' | 'lose';

export class FaultyProxy {
  /** Every call so far. */
  calls: Call[] = [];
  /** Every event that came down a socket: its frame. */
  frames: string[] = [];
  /** How many sockets are open, were at once, and were opened in all. */
  sockets = { open: 0, most: 0, opened: 0 };
  decide: (call: Call) => Fate | Promise<Fate> = () => 'pass';
  /** What becomes of an event on its way down. */
  mangle: (frame: string) => string[] = (frame) => [frame];
  takesSockets = true;
  readonly #silent = new Set<WebSocket>();
  readonly #server: Server;
  readonly #relay = new WebSocketServer({ noServer: true });
  readonly #pairs = new Set<[WebSocket, WebSocket]>();

  static async before(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(new URL(target));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(readonly target: URL) {
    this.#server = createServer((from, to) => void this.#forward(from, to));
    this.#server.on('upgrade', (from: IncomingMessage, socket: Socket, head: Buffer) => {
      if (this.takesSockets)
        this.#relay.handleUpgrade(from, socket, head, (down) => this.#join(down, from.url ?? ''));
      else socket.destroy();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends every socket, without a word. */
  cut(): void {
    for (const [down] of this.#pairs) down.terminate();
  }

  /** From now on nothing passes the sockets that are open, in either direction; neither side is told. */
  silence(): void {
    for (const [down] of this.#pairs) this.#silent.add(down);
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #forward(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of from) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const call = { method: from.method ?? '', path: from.url ?? '', body: body.toString() };
    this.calls.push(call);
    const fate = await this.decide(call);
    if (fate === 'refuse') return void to.destroy();
    // With the caller's Host: the server names the relay by it, and so the relay is this one.
    const { hostname, port } = this.target;
    const up = request({ hostname, port, method: call.method, path: call.path, headers: from.headers });
    up.on('response', (answer) => {
      if (fate === 'lose') {
        answer.resume().on('end', () => to.destroy());
      } else {
        to.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(to);
      }
    });
    up.on('error', () => to.destroy());
    up.end(body);
  }

  #join(down: WebSocket, path: string): void {
    const up = new WebSocket(`ws://${this.target.host}${path}`);
    const pair: [WebSocket, WebSocket] = [down, up];
    this.#pairs.add(pair);
    this.sockets.opened += 1;
    this.sockets.open += 1;
    this.sockets.most = Math.max(this.sockets.most, this.sockets.open);
    const early: string[] = [];
    down.on('message', (data) => {
      if (this.#silent.has(down)) return;
      if (up.readyState === WebSocket.OPEN) up.send(String(data));
      else early.push(String(data));
    });
    up.on('open', () => {
      for (const data of early) up.send(data);
    });
    up.on('message', (data) => {
      if (this.#silent.has(down)) return;
      const frame = String(data);
      const isEvent = !frame.includes('"event":"pusher');
      if (isEvent) this.frames.push(frame);
      for (const it of isEvent ? this.mangle(frame) : [frame])
        if (down.readyState === WebSocket.OPEN) down.send(it);
    });
    down.on('close', () => {
      if (this.#pairs.delete(pair)) this.sockets.open -= 1;
      up.terminate();
    });
    up.on('close', () => down.terminate());
    for (const socket of pair) socket.on('error', () => {});
  }
}
