/** Where posts wait that were not sent yet. Each has a key of its own, so that tabs do not overwrite each other. */
export interface Storage {
  /** The keys that begin so. */
  keys(prefix: string): Promise<string[]>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export function memoryStorage(): Storage {
  const values = new Map<string, string>();
  return {
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
    get: async (key) => values.get(key) ?? null,
    set: async (key, value) => void values.set(key, value),
    remove: async (key) => void values.delete(key),
  };
}

/** A browser's `localStorage` or `sessionStorage`. */
export function webStorage(web: globalThis.Storage): Storage {
  return {
    keys: async (prefix) => Object.keys(web).filter((key) => key.startsWith(prefix)),
    get: async (key) => web.getItem(key),
    set: async (key, value) => web.setItem(key, value),
    remove: async (key) => web.removeItem(key),
  };
}

/** React Native's AsyncStorage, or what has the same four methods. */
export function asyncStorage(store: {
  getAllKeys(): Promise<readonly string[]>;
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
}): Storage {
  return {
    keys: async (prefix) => (await store.getAllKeys()).filter((key) => key.startsWith(prefix)),
    get: (key) => store.getItem(key),
    set: async (key, value) => void (await store.setItem(key, value)),
    remove: async (key) => void (await store.removeItem(key)),
  };
}

/** `localStorage` where there is one that works, memory elsewhere. */
export function standardStorage(): Storage {
  try {
    // Reading the property alone throws where the browser forbids storage.
    if (typeof window !== 'undefined' && window.localStorage) return webStorage(window.localStorage);
  } catch {}
  return memoryStorage();
}
