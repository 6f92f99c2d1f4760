import { css, html, LitElement, type PropertyValues } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { createRef, ref } from 'lit/directives/ref.js';
import type { Parlour, RoomHandle } from 'parlour-client';
import { base } from 'parlour-ui/base.ts';
import 'parlour-ui/conversation.ts';
import type { Conversation } from 'parlour-ui/conversation.ts';
import type { Act } from 'parlour-ui/message.ts';
import { Watch } from 'parlour-ui/watch.ts';
import { Blocks } from './blocks.ts';
import './room-head.ts';
import { roomMenu } from './room-menu.ts';

const MAY: ReadonlySet<Act> = new Set(['react', 'reply', 'edit', 'delete', 'report']);
/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** The right pane: a room's head and its conversation. Emits `back`. */
class ChatRoom extends LitElement {
  static override properties = {
    parlour: { attribute: false },
    handle: { attribute: false },
    owner: {},
    seq: { attribute: false },
  };
  declare parlour: Parlour;
  declare handle: RoomHandle;
  declare owner: string;
  declare seq: number | null;

  static override styles = [
    base,
    css`
      :host {
        display: flex;
        flex-direction: column;
        height: 100%;
        min-height: 0;
      }
    `,
  ];

  readonly #watch = new Watch(this);
  readonly #conversation = createRef<Conversation>();
  #blocks: Blocks | null = null;
  /** The room for whose menu it was asked who is blocked. */
  #asked: RoomHandle | null = null;
  #reveal: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#reveal);
  }

  override focus(): void {
    this.#conversation.value?.composer?.focus();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('handle')) this.#watch.set(this.handle);
    if (changed.has('parlour')) this.#blocks = new Blocks(this.parlour);
    this.#awaitReveal();
    this.#askForBlocks();
  }

  override render() {
    const { info, status } = this.handle.snapshot;
    return html`
      ${
        info && status !== 'gone'
          ? html`<chat-room-head
              .parlour=${this.parlour}
              .room=${info}
              @back=${this.#back}
              @menu=${({ detail }: CustomEvent<HTMLElement>) => this.#menu(detail)}
            ></chat-room-head>`
          : ''
      }
      ${keyed(
        this.handle,
        html`<ui-conversation
          ${ref(this.#conversation)}
          .handle=${this.handle}
          .owner=${this.owner}
          .may=${MAY}
          .hasStickers=${true}
          .seq=${this.seq}
        ></ui-conversation>`,
      )}
    `;
  }

  /** No event tells that the date of a reveal has come: it is the clock alone that reveals. */
  #awaitReveal(): void {
    const group = this.handle.snapshot.info?.group;
    clearTimeout(this.#reveal);
    if (!group || group.revealed) return;
    const ms = Math.max(1_000, new Date(group.reveal_at).getTime() - Date.now());
    if (ms < LONGEST_MS) this.#reveal = setTimeout(() => void this.handle.refresh(), ms);
  }

  /** Before the menu is opened, which then need not wait. */
  #askForBlocks(): void {
    if (this.#asked === this.handle || this.handle.snapshot.info?.kind !== 'direct') return;
    this.#asked = this.handle;
    this.#blocks?.load().catch(() => {});
  }

  async #menu(anchor: HTMLElement): Promise<void> {
    if (this.#blocks && (await roomMenu(anchor, this.parlour, this.handle, this.#blocks))) this.#back();
  }

  #back = () => this.dispatchEvent(new CustomEvent('back'));
}

customElements.define('chat-room', ChatRoom);
