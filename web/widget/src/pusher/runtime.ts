/**
 * What pusher-js needs of the world around it: its sources have one such file for each world. This one knows
 * browsers with WebSockets, and nothing else: no long polling, no statistics, no listeners on the page.
 */

import BestConnectedEverStrategy from 'core/strategies/best_connected_ever_strategy';
import SequentialStrategy from 'core/strategies/sequential_strategy';
import Transport from 'core/transports/transport';
import TransportManager from 'core/transports/transport_manager';
import { ws } from 'core/transports/url_schemes';

interface Config {
  wsHost: string;
  wsPort: number;
  wssPort: number;
  wsPath: string;
  activityTimeout: number;
}

const webSocket = new Transport({
  urls: ws,
  handlesActivityChecks: false,
  supportsPing: false,
  isInitialized: () => true,
  isSupported: () => true,
  getSocket: (url: string) => new WebSocket(url),
});

/** As its own default strategy connects where WebSockets alone are allowed, with the same times. */
function getDefaultStrategy(config: Config, base: object, define: (...transport: unknown[]) => unknown) {
  const { wsHost, wsPort, wssPort, wsPath, activityTimeout } = config;
  const manager = new TransportManager({ minPingDelay: 10_000, maxPingDelay: activityTimeout });
  const where = { hostNonTLS: `${wsHost}:${wsPort}`, hostTLS: `${wsHost}:${wssPort}`, httpPath: wsPath };
  const transport = define(config, 'ws', 'ws', 3, { ...base, ...where }, manager);
  const timeouts = { loop: true, timeout: 15_000, timeoutLimit: 60_000 };
  return new BestConnectedEverStrategy([new SequentialStrategy([transport], timeouts)]);
}

// biome-ignore lint/suspicious/noExplicitAny: a part of its own, called by it alone
function transportConnectionInitializer(this: any): void {
  this.changeState('initialized');
}

/** Nobody is told: what listens here is never let go. The client wakes the connection when the network is back. */
const network = { bind() {}, isOnline: () => true };

export default {
  Transports: { ws: webSocket },
  getDefaultStrategy,
  transportConnectionInitializer,
  setup: (Pusher: { ready(): void }) => Pusher.ready(),
  getProtocol: () => 'http:',
  getAuthorizers: () => ({}),
  getLocalStorage: () => undefined,
  getNetwork: () => network,
  addUnloadListener() {},
  removeUnloadListener() {},
  randomInt: (below: number) => Math.floor(Math.random() * below),
};
