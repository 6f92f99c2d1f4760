/** What `/config.json` says of the deployment. */
export interface Config {
  /** Where Parlour is; empty for the origin of the page. */
  api: string;
  /** Where the app tells the token of whoever is signed in there: GET with the app's own cookies, `{"token": …}`. */
  tokenUrl: string | null;
  /** On a laptop: whoever comes chooses who they are. */
  isDemo: boolean;
  title: string | null;
  /** A language for everybody, where it should not be the browser's. */
  language: string | null;
  /** Saved replies that every agent begins with. */
  canned: readonly string[];
}

export async function loadConfig(): Promise<Config> {
  const answer = await fetch('/config.json', { cache: 'no-cache' });
  if (!answer.ok) throw new Error(`/config.json: status ${answer.status}`);
  return parseConfig(await answer.json());
}

export function parseConfig(json: unknown): Config {
  const given = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>;
  const text = (name: string) =>
    typeof given[name] === 'string' && given[name] ? String(given[name]) : null;
  const canned = Array.isArray(given.canned) ? given.canned.filter((it) => typeof it === 'string') : [];
  const config = {
    api: text('api') ?? location.origin,
    tokenUrl: text('token_url'),
    isDemo: given.demo === true,
    title: text('title'),
    language: text('language'),
    canned,
  };
  if (!config.tokenUrl && !config.isDemo) throw new Error('/config.json: token_url is missing');
  return config;
}
