import { css, html } from 'lit';
import type { Entry, RoomHandle } from 'parlour-client';
import { timeOf } from 'parlour-ui/dates.ts';
import { t } from 'parlour-ui/locale.ts';
import { Overlay } from 'parlour-ui/overlay.ts';
import { entrySender } from 'parlour-ui/people.ts';
import { skeletons, states } from 'parlour-ui/states.ts';
import { attempt } from 'parlour-ui/toast.ts';
import { Watch } from 'parlour-ui/watch.ts';

/** So many are shown: they are to be looked at, not read as a log. */
const SHOWN = 10;

/** More came than was seen when a room was to be put away: shows what, and asks again. */
class MoreCame extends Overlay<true> {
  static override properties = {
    handle: { attribute: false },
    seen: { attribute: false },
    isLoading: { state: true },
  };
  declare handle: RoomHandle;
  declare seen: number;
  declare isLoading: boolean;
  readonly #watch = new Watch(this);

  static override styles = [
    ...Overlay.styles,
    states,
    css`
      li {
        padding: 8px 14px;
        border-radius: 14px;
        background: var(--fill);
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
      li + li {
        margin-top: 6px;
      }
      small {
        display: block;
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.isLoading = true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override willUpdate(): void {
    this.#watch.set(this.handle);
  }

  protected override heading() {
    return t('moreCame');
  }

  protected override body() {
    const { info, unread, hasNewer, messages } = this.handle.snapshot;
    const news = messages.filter((entry) => entry.seq !== null && entry.seq > this.seen);
    // Of a long absence the log holds the end alone; the room tells how much it was.
    const n = Math.max(news.length, (info?.you.read ?? 0) + unread - this.seen);
    if (this.isLoading && (hasNewer || news.length === 0)) return skeletons(3);
    const shown = news.slice(-SHOWN);
    return html`
      <p class="quiet">${t('moreCameText', { n })}</p>
      ${n > shown.length ? html`<p class="quiet">${t('moreCameLast', { n: shown.length })}</p>` : ''}
      <ul role="list">${shown.map((entry) => this.#row(entry))}</ul>
    `;
  }

  protected override footer() {
    return html`
      <button class="button" @click=${() => this.close(true)}>${t('archiveAnyway')}</button>
      <button class="button primary" autofocus @click=${() => this.close()}>${t('cancel')}</button>
    `;
  }

  /** The refusal may be the first to tell of it, and the log may have been scrolled away from its end. */
  async #load(): Promise<void> {
    const { handle } = this;
    await attempt(() => (handle.snapshot.hasNewer ? handle.loadLatest() : handle.refresh()));
    this.isLoading = false;
  }

  #row(entry: Entry) {
    const { info } = this.handle.snapshot;
    const name = info ? entrySender(info, entry) : '';
    return html`<li dir="auto"><small>${name} · ${timeOf(new Date(entry.created_at))}</small>${entry.body ?? t('deleted')}</li>`;
  }
}

customElements.define('desk-more-came', MoreCame);

/** Whether it was put away all the same. */
export async function askDespite(
  handle: RoomHandle,
  seen: number,
  archive: () => Promise<unknown>,
): Promise<boolean> {
  const element = new MoreCame();
  Object.assign(element, { handle, seen });
  return (await element.open()) === true && (await attempt(archive));
}
