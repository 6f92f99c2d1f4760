import type { Environment } from './environment.js';
import { asError, ParlourError, refusal } from './error.js';
import type { Tokens } from './tokens.js';

const TIMEOUT_MS = 15_000;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Values of a query; null and undefined are left out. */
export type Query = Record<string, string | number | null | undefined>;

/** A path with its variable parts escaped: path`/v1/rooms/${id}`. */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent));
}

/** Calls of the API with the app's token. */
export class Http {
  readonly #base: string;
  readonly #closed = new AbortController();

  constructor(
    url: string,
    readonly tokens: Tokens,
    readonly environment: Environment,
  ) {
    this.#base = url.replace(/\/+$/, '');
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value != null);
    const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
    return this.send('GET', text ? `${path}?${text}` : path);
  }

  /** A call; a token that is refused is replaced once. */
  async send<T>(method: Method, path: string, body?: unknown, tokens = this.tokens): Promise<T> {
    let token = await this.#unlessClosed(tokens.get());
    let [answer, text] = await this.#once(method, path, body, token);
    if (answer.status === 401) {
      token = await this.#unlessClosed(tokens.replace(token));
      [answer, text] = await this.#once(method, path, body, token);
    }
    if (!answer.ok) throw refusal(answer, text);
    try {
      return JSON.parse(text || 'null') as T;
    } catch (thrown) {
      throw asError(thrown);
    }
  }

  /** Calls under way fail with `closed`, and all later ones. */
  close(): void {
    this.#closed.abort();
  }

  async #unlessClosed<T>(promise: Promise<T>): Promise<T> {
    const value = await promise;
    if (this.#closed.signal.aborted) throw new ParlourError('closed', 'the client was closed');
    return value;
  }

  async #once(method: Method, path: string, body: unknown, token: string): Promise<[Response, string]> {
    const { fetch, setTimeout, clearTimeout } = this.environment;
    const abort = new AbortController();
    const end = () => abort.abort();
    const timer = setTimeout(end, TIMEOUT_MS);
    this.#closed.signal.addEventListener('abort', end);
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const text = body === undefined ? null : JSON.stringify(body);
      const answer = await fetch(this.#base + path, { method, headers, body: text, signal: abort.signal });
      return [answer, await answer.text()];
    } catch (thrown) {
      if (this.#closed.signal.aborted) throw new ParlourError('closed', 'the client was closed');
      if (abort.signal.aborted) throw new ParlourError('timeout', `no answer within ${TIMEOUT_MS / 1000} s`);
      throw asError(thrown);
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener('abort', end);
    }
  }
}
