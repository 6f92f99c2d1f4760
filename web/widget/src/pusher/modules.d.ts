/** Modules of pusher-js's own sources, by the names that these have for each other; bin/build.ts finds them. */
declare module 'core/*' {
  // biome-ignore lint/suspicious/noExplicitAny: its sources are checked by other rules than ours
  const it: any;
  export default it;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  export const ws: any;
}
