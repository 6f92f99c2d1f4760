/** What the loader and the panel, which are loaded apart, know of each other. */

/** Gives a token of whoever is signed in, or null while nobody is. */
export type TokenSource = () => string | null | Promise<string | null>;

/** What the script tag says, by the names of its `data-` attributes. */
export interface Options {
  api: string;
  language: string;
  title?: string;
  intro?: string;
  ask?: string;
  sound?: string;
}

/** What stands on the page from the beginning: the button, and where the panel goes. */
export interface Shell {
  readonly options: Options;
  /** The element in the shadow tree that holds everything. */
  readonly root: HTMLElement;
  readonly shadow: ShadowRoot;
  readonly button: HTMLButtonElement;
  /** Where the visitor's chat is remembered in `localStorage`. */
  readonly key: string;
  readonly strings: Record<string, string>;
  token: TokenSource | null;
  /** Shows the button as it is while the panel is open, or not. */
  shows(isOpen: boolean): void;
  /** `label` says the number to screen readers. */
  counts(unread: number, label: string): void;
  /** Tells the page. */
  tell(event: string, detail?: unknown): void;
}

export interface Panel {
  open(): void;
  close(): void;
  /** Whoever is signed in has changed: `shell.token` tells whom to ask. */
  signIn(): void;
  destroy(): void;
}

export type Mount = (shell: Shell) => Promise<Panel>;
