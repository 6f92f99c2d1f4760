import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { conversation, unique } from './support/widget.ts';
import { browsing, eventually, World } from './support/world.ts';

const MOUNTS = 100;

interface Left {
  timers: Set<unknown>;
  observers: number;
  sounds: number;
}

/** Counts timers, observers and sounds that are still there. */
function count(): void {
  const left: Left = { timers: new Set(), observers: 0, sounds: 0 };
  Object.assign(document, { left });
  for (const [set, clear] of [
    ['setTimeout', 'clearTimeout'],
    ['setInterval', 'clearInterval'],
  ] as const) {
    const [start, stop] = [window[set] as typeof setTimeout, window[clear]];
    const counted = (run: () => void, ms?: number) => {
      const timer = start(() => {
        if (set === 'setTimeout') left.timers.delete(timer);
        run();
      }, ms);
      left.timers.add(timer);
      return timer;
    };
    const ended = (timer?: number) => {
      left.timers.delete(timer);
      stop(timer);
    };
    Object.assign(window, { [set]: counted, [clear]: ended });
  }
  const { observe, disconnect } = ResizeObserver.prototype;
  ResizeObserver.prototype.observe = function (...all) {
    left.observers += 1;
    observe.apply(this, all);
  };
  ResizeObserver.prototype.disconnect = function () {
    left.observers -= 1;
    disconnect.apply(this);
  };
  const Context = AudioContext;
  Object.assign(window, {
    AudioContext: class extends Context {
      constructor() {
        super();
        left.sounds += 1;
      }
      override close() {
        left.sounds -= 1;
        return super.close();
      }
    },
  });
}

/** Mounts the widget so often, opens it, waits until its chat is there, and takes it away again. */
async function mounts(times: number): Promise<void> {
  const tag = document.querySelector('script') as HTMLScriptElement;
  type Types = { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } };
  const { trustedTypes } = window as unknown as { trustedTypes: Types };
  const url = trustedTypes
    .createPolicy('again', { createScriptURL: (it: string) => it })
    .createScriptURL(tag.src);
  const find = (selector: string) =>
    document.querySelector('parlour-widget')?.shadowRoot?.querySelector(selector);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let at = 0; at < times; at++) {
    const script = document.createElement('script');
    Object.assign(script.dataset, { ...tag.dataset });
    script.src = url;
    document.body.append(script);
    while (!window.ParlourWidget) await frame();
    window.ParlourWidget.open();
    while (!find('.message') || !find('[data-state="connected"]')) await frame();
    window.ParlourWidget.destroy();
    script.remove();
  }
}

suite('what is left of the widget', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  /** Mission B32. */
  test('is nothing after a hundred times: no listener, node, timer or socket', async (t) => {
    const page = await world.visit(t, { before: count });
    await conversation(world, page, unique('Hello'));
    await page.evaluate(() => window.ParlourWidget?.destroy());
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable');
    await devtools.send('HeapProfiler.enable');
    const numbers = async () => {
      await devtools.send('HeapProfiler.collectGarbage');
      const { metrics } = await devtools.send('Performance.getMetrics');
      const of = (name: string) => metrics.find((it) => it.name === name)?.value as number;
      return { listeners: of('JSEventListeners'), nodes: of('Nodes') };
    };
    const listeners = async (expression: string) => {
      const { result } = await devtools.send('Runtime.evaluate', { expression });
      const found = await devtools.send('DOMDebugger.getEventListeners', {
        objectId: result.objectId as string,
      });
      return found.listeners.map(({ type }) => type).sort();
    };
    const places = ['window', 'document', 'document.body', 'visualViewport', 'matchMedia("all")'];
    const onPage = async () => Promise.all(places.map(listeners));

    await page.evaluate(mounts, 3);
    const [before, heard] = [await numbers(), await onPage()];
    await page.evaluate(mounts, MOUNTS);
    await eventually(() => assert.equal(world.proxy.sockets.open, 0));
    await eventually(async () => {
      const left = await page.evaluate(() => {
        const { timers, observers, sounds } = (document as unknown as { left: Left }).left;
        return { timers: timers.size, observers, sounds };
      });
      assert.deepEqual(left, { timers: 0, observers: 0, sounds: 0 });
    });
    assert.deepEqual(await onPage(), heard);
    assert.ok(world.proxy.sockets.opened > MOUNTS);
    await eventually(async () => {
      const { listeners, nodes } = await numbers();
      // Less than one for ten mounts: what the browser itself keeps comes and goes.
      assert.ok(
        listeners - before.listeners < MOUNTS / 10,
        `${before.listeners} listeners became ${listeners}`,
      );
      assert.ok(nodes - before.nodes < MOUNTS / 10, `${before.nodes} nodes became ${nodes}`);
    });
  });
});
