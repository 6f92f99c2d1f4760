import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** What tells of its changes: rooms and lists of the client library. */
export interface Watchable {
  subscribe(listener: () => void): () => void;
}

/** Renders its element again whenever one of the watched things changes, and lets go of them with the element. */
export class Watch implements ReactiveController {
  readonly #stops = new Map<Watchable, () => void>();
  #isConnected = false;

  constructor(
    readonly host: ReactiveControllerHost,
    readonly changed: () => void = () => host.requestUpdate(),
  ) {
    host.addController(this);
  }

  /** Watches exactly these from now on. */
  set(...watched: (Watchable | null | undefined)[]): void {
    const wanted = new Set(watched.filter((it) => it != null));
    for (const [it, stop] of this.#stops) {
      if (wanted.has(it)) continue;
      stop();
      this.#stops.delete(it);
    }
    for (const it of wanted) if (!this.#stops.has(it)) this.#stops.set(it, this.#start(it));
  }

  hostConnected(): void {
    this.#isConnected = true;
    for (const it of this.#stops.keys()) this.#stops.set(it, this.#start(it));
  }

  hostDisconnected(): void {
    this.#isConnected = false;
    for (const [it, stop] of this.#stops) {
      stop();
      this.#stops.set(it, () => {});
    }
  }

  #start(it: Watchable): () => void {
    return this.#isConnected ? it.subscribe(this.changed) : () => {};
  }
}
