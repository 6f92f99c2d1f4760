import type { ReactiveController, ReactiveControllerHost } from 'lit';

const EVERY_MS = 20_000;
const hosts = new Set<ReactiveControllerHost>();
let timer: ReturnType<typeof setInterval> | null = null;

/** Renders its element again from time to time, so that “2 minutes ago” and “Today” stay true. One timer serves all. */
export class Ticker implements ReactiveController {
  constructor(readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostConnected(): void {
    hosts.add(this.host);
    timer ??= setInterval(() => {
      for (const host of hosts) host.requestUpdate();
    }, EVERY_MS);
  }

  hostDisconnected(): void {
    hosts.delete(this.host);
    if (hosts.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }
}
