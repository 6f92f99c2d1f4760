import type { Parlour } from 'parlour-client';

/** Whom the viewer has blocked: neither a room nor a profile says so. */
export class Blocks {
  #ids: ReadonlySet<string> = new Set();

  constructor(readonly parlour: Parlour) {}

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  async load(): Promise<void> {
    const ids = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await this.parlour.people.blocked(cursor);
      for (const { id } of page.users) ids.add(id);
      cursor = page.next ?? undefined;
    } while (cursor);
    this.#ids = ids;
  }

  async block(id: string): Promise<void> {
    await this.parlour.people.block(id);
    this.#ids = new Set([...this.#ids, id]);
  }

  async unblock(id: string): Promise<void> {
    await this.parlour.people.unblock(id);
    this.#ids = new Set([...this.#ids].filter((it) => it !== id));
  }
}
