/** So near to the end counts as being there. */
const END_PX = 60;

/**
 * Keeps what is read where it is while rows come and go around it: at the end the view follows the end, elsewhere the
 * first row in view stays in its place.
 */
export class ScrollKeeper {
  isAtEnd = true;
  #anchor: { row: HTMLElement; offset: number } | null = null;

  constructor(readonly scroller: () => HTMLElement | null) {}

  /** To be called on scrolling. */
  look(): void {
    const it = this.scroller();
    if (it) this.isAtEnd = it.scrollHeight - it.scrollTop - it.clientHeight < END_PX;
  }

  /** To be called before the rows change. */
  hold(): void {
    const it = this.scroller();
    const row = it && this.#firstInView(it);
    this.#anchor = row && it ? { row, offset: row.offsetTop - it.scrollTop } : null;
  }

  /** To be called after the rows changed; `follows` says that the end of the rows is the end of the log. */
  restore(follows: boolean): void {
    const it = this.scroller();
    if (!it) return;
    if (this.isAtEnd && follows) {
      it.scrollTop = it.scrollHeight;
    } else if (this.#anchor?.row.isConnected) {
      const top = this.#anchor.row.offsetTop - this.#anchor.offset;
      if (top !== it.scrollTop) it.scrollTop = top;
    }
    this.#anchor = null;
  }

  /** By halves: there are hundreds of rows, and each look may cost a layout. */
  #firstInView(it: HTMLElement): HTMLElement | null {
    const rows = it.querySelectorAll<HTMLElement>('[data-key]');
    let [from, to] = [0, rows.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const row = rows[middle];
      if (row && row.offsetTop + row.offsetHeight <= it.scrollTop) from = middle + 1;
      else to = middle;
    }
    return rows[from] ?? null;
  }
}
