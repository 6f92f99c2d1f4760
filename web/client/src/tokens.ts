import { asError } from './error.js';

/** A token this near to its end is replaced before it is used. */
const MARGIN_MS = 30_000;

/** The app's tokens: asked for once at a time, and anew before they end. */
export class Tokens {
  #token: string | null = null;
  #asked: Promise<string> | null = null;

  constructor(
    readonly ask: () => Promise<string>,
    readonly now: () => number,
  ) {}

  get(): Promise<string> {
    const ends = this.#token === null ? 0 : (claims(this.#token).exp as number | undefined);
    const isGood = ends === undefined || ends * 1000 - this.now() > MARGIN_MS;
    return this.#token !== null && isGood ? Promise.resolve(this.#token) : this.#renew();
  }

  /** Another token than this, which was refused. */
  replace(refused: string): Promise<string> {
    return this.#token === refused ? this.#renew() : this.get();
  }

  async owner(): Promise<string> {
    return ownerOf(await this.get());
  }

  forget(): void {
    this.#token = null;
  }

  #renew(): Promise<string> {
    this.#asked ??= (async () => {
      try {
        this.#token = await this.ask();
        return this.#token;
      } catch (thrown) {
        throw asError(thrown, 'token');
      } finally {
        this.#asked = null;
      }
    })();
    return this.#asked;
  }
}

/** Whose token it is: accounts of two types may have the same id. */
export function ownerOf(token: string): string {
  const { type = 'user', sub } = claims(token);
  return `${type}:${sub}`;
}

/** What a JSON Web Token says, unverified; nothing where it is none. */
function claims(token: string): Record<string, unknown> {
  try {
    const part = token.split('.')[1] ?? '';
    const bytes = atob(part.replace(/-/g, '+').replace(/_/g, '/'));
    return JSON.parse(
      decodeURIComponent(
        bytes.replace(/[\s\S]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
      ),
    );
  } catch {
    return {};
  }
}
