import type { FieldError, Problem } from './types.js';

/**
 * Why a call failed. `code` is the server's stable one (`not_found`, `blocked`, `invalid`, …), or one of
 * this library: `network`, `timeout`, `token` (the app's callback failed), `closed`, `expired` (a post
 * that can no longer be repeated safely).
 */
export class ParlourError extends Error {
  override readonly name = 'ParlourError';

  constructor(
    readonly code: string,
    message: string,
    /** The HTTP status; 0 where no answer came. */
    readonly status = 0,
    /** The fields that are wrong. */
    readonly fields: readonly FieldError[] = [],
    /** Milliseconds until it is worth trying again, where the server said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** Whether the same call may succeed later. */
  get isPassing(): boolean {
    if (this.code === 'closed' || this.code === 'expired') return false;
    return this.status === 0 || this.status >= 500 || [401, 408, 429].includes(this.status);
  }
}

/** What an answer that is not `ok` says. */
export function refusal(answer: Response, text: string): ParlourError {
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // Not from Parlour, but from something between: the status says enough.
  }
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return new ParlourError(
    problem.code ?? `http_${answer.status}`,
    problem.detail ?? `status ${answer.status}`,
    answer.status,
    problem.errors ?? [],
    Number.isFinite(seconds) ? seconds * 1000 : null,
  );
}

/** Whatever was thrown, as an error of ours. */
export function asError(thrown: unknown, code = 'network'): ParlourError {
  return thrown instanceof ParlourError
    ? thrown
    : new ParlourError(code, thrown instanceof Error ? thrown.message : String(thrown));
}
