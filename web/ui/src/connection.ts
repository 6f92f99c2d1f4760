import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import type { Parlour } from 'parlour-client';
import { t } from './locale.ts';

/** A connection is made within this; only after it its lack is worth a word. */
const PATIENCE_MS = 1_500;

/** Tells when there is no connection. */
export class ConnectionWatch implements ReactiveController {
  isDown = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stop = () => {};

  constructor(readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  watch(parlour: Parlour): void {
    this.#stop();
    const look = () => {
      clearTimeout(this.#timer);
      if (parlour.connection === 'connected') this.#set(false);
      else this.#timer = setTimeout(() => this.#set(true), PATIENCE_MS);
    };
    this.#stop = parlour.onConnection(look);
    look();
  }

  hostDisconnected(): void {
    this.#stop();
    clearTimeout(this.#timer);
  }

  banner(): TemplateResult {
    return html`<div role="status">${this.isDown ? html`<p class="offline"><span class="dot"></span> ${t('offline')}</p>` : ''}</div>`;
  }

  #set(isDown: boolean): void {
    if (this.isDown === isDown) return;
    this.isDown = isDown;
    this.host.requestUpdate();
  }
}
