import { Parlour, ParlourError } from 'parlour-client';
import type { Config } from './config.ts';

/** So many rows of a log are in the document at most: more make each change of it slow. */
const MESSAGES_HELD = 300;

/** Somebody of the demo. */
export interface Person {
  sub: string;
  name: string;
  email?: string;
  roles?: readonly string[];
  type?: 'merchant';
}

/** Who the tab is: kept for as long as it is open, so that two tabs can be two people. */
export class Persons {
  readonly #key: string;

  /** @param page people of the chat and of the dashboard are different ones */
  constructor(
    page: string,
    readonly known: readonly Person[],
  ) {
    this.#key = `parlour-person:${page}`;
  }

  /** Whom the address names (`?as=alice`), or who this tab was before. */
  current(): Person | null {
    const url = new URL(location.href);
    const named = url.searchParams.get('as');
    if (named) {
      url.searchParams.delete('as');
      history.replaceState(history.state, '', url);
      return this.choose(this.known.find(({ sub }) => sub === named) ?? this.called(named));
    }
    const kept = sessionStorage.getItem(this.#key);
    return kept ? (JSON.parse(kept) as Person) : null;
  }

  choose(person: Person): Person {
    sessionStorage.setItem(this.#key, JSON.stringify(person));
    return person;
  }

  /** Somebody who is not known, with the same roles as those who are. */
  called(name: string): Person {
    const sub = name.trim().toLowerCase().replace(/\s+/g, '-');
    const roles = this.known[0]?.roles;
    return {
      sub,
      name: name.trim().replace(/^./u, (first) => first.toLocaleUpperCase()),
      ...(roles ? { roles } : {}),
    };
  }
}

/** The client of whoever the app's own server says is here, or of a person of the demo. */
export function connect(config: Config, person: Person | null): Parlour {
  const { tokenUrl } = config;
  const token = tokenUrl ? () => tokenOfApp(tokenUrl) : () => tokenOfDemo(person);
  return new Parlour({ url: config.api, token, windowSize: MESSAGES_HELD });
}

async function tokenOfApp(url: string): Promise<string> {
  return tokenIn(await fetch(url, { credentials: 'same-origin', cache: 'no-store' }));
}

/** From the page's own origin: a laptop's program gives tokens to no other. */
async function tokenOfDemo(person: Person | null): Promise<string> {
  return tokenIn(await fetch('/dev/tokens', { method: 'POST', body: JSON.stringify(person) }));
}

async function tokenIn(answer: Response): Promise<string> {
  if (!answer.ok) throw new ParlourError('token', `status ${answer.status}`, answer.status);
  const { token } = (await answer.json()) as { token?: unknown };
  if (typeof token !== 'string') throw new ParlourError('token', 'no token in the answer');
  return token;
}
