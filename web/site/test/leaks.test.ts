/** Nothing is left behind. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { skip } from './support/browser.ts';
import { type Scene, scene } from './support/scene.ts';

/** How many listeners, timers and observers there are. */
type Held = Record<string, number>;

suite('leaks', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene();
  });
  after(() => it?.stop());

  test('a hundred mounts of each element leave no listener, timer or observer behind', async () => {
    const user = await it.caller({ sub: 'leak', name: 'Leak' });
    const room = await user.opens({ kind: 'support' });
    await user.posts(room.id, 'stay');
    for (const [path, as] of [
      [`/inbox/${room.id}`, 'leak'],
      [`/desk/${room.id}`, 'agnes'],
    ] as const) {
      const page = await it.open('/config.json', as);
      await page.addInitScript(count);
      await page.goto(`${it.site}${path}?as=${as}`);
      await page.locator('.message').waitFor();
      await page.waitForLoadState('networkidle');
      for (const [tag, before, after] of await page.evaluate(remount)) {
        for (const [what, n] of Object.entries(after))
          assert.ok(n <= (before[what] ?? 0), `${tag}: ${n} ${what}, ${before[what]} before`);
      }
    }
  });
});

/** Runs on the page before all else: counts what is added to window and document, and never taken away. */
function count(): void {
  const held = { listeners: 0, intervals: 0, observed: 0 };
  Object.assign(globalThis, { held });
  for (const target of [window, document]) {
    const known = new Set<string>();
    const ids = new WeakMap<object, number>();
    let next = 0;
    const keyOf = (name: string, listener: object) => {
      if (!ids.has(listener)) ids.set(listener, next++);
      return `${name} ${ids.get(listener)}`;
    };
    const { addEventListener, removeEventListener } = target;
    target.addEventListener = (name: string, listener: never, options: never) => {
      if (listener) known.add(keyOf(name, listener));
      held.listeners = [window, document].reduce(
        (sum, it) => sum + ((it as { known?: Set<string> }).known?.size ?? 0),
        0,
      );
      addEventListener.call(target, name, listener, options);
    };
    target.removeEventListener = (name: string, listener: never, options: never) => {
      if (listener) known.delete(keyOf(name, listener));
      held.listeners = [window, document].reduce(
        (sum, it) => sum + ((it as { known?: Set<string> }).known?.size ?? 0),
        0,
      );
      removeEventListener.call(target, name, listener, options);
    };
    Object.assign(target, { known });
  }
  const { setInterval: start, clearInterval: stop } = window;
  const intervals = new Set<unknown>();
  window.setInterval = ((...args: Parameters<typeof start>) => {
    const id = start.apply(window, args);
    intervals.add(id);
    held.intervals = intervals.size;
    return id;
  }) as typeof start;
  window.clearInterval = (id) => {
    intervals.delete(id);
    held.intervals = intervals.size;
    stop.call(window, id);
  };
  const observed = new Set<object>();
  const { observe, disconnect } = ResizeObserver.prototype;
  ResizeObserver.prototype.observe = function (...args) {
    observed.add(this);
    held.observed = observed.size;
    observe.apply(this, args);
  };
  ResizeObserver.prototype.disconnect = function () {
    observed.delete(this);
    held.observed = observed.size;
    disconnect.call(this);
  };
}

/** Runs on the page: takes each element out and puts it back a hundred times; what was held before and after. */
async function remount(): Promise<[string, Held, Held][]> {
  const { held } = globalThis as unknown as { held: Held };
  const all = (root: ParentNode): Element[] =>
    [...root.querySelectorAll('*')].flatMap((it) => [it, ...(it.shadowRoot ? all(it.shadowRoot) : [])]);
  const tags = [...new Set(all(document).map(({ localName }) => localName))].filter((name) =>
    name.includes('-'),
  );
  const results: [string, Held, Held][] = [];
  // From the inside out: the page itself, put back, begins anew.
  for (const tag of tags.reverse()) {
    const element = all(document).find(({ localName }) => localName === tag);
    if (!element?.parentNode) continue;
    const mark = document.createComment('');
    const before = { ...held };
    element.before(mark);
    for (let n = 0; n < 100; n++) {
      element.remove();
      mark.after(element);
      if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    mark.remove();
    await new Promise((resolve) => setTimeout(resolve, 20));
    results.push([tag, before, { ...held }]);
  }
  return results;
}
