/** Which licences the packages of web/ have: one that is not named here is looked at before it comes in. */

import { readFileSync } from 'node:fs';

/** Permissive only, as in deny.toml, so that nobody who deploys Parlour owes anybody their source. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0', // file by file: what we write beside it stays ours
  'Python-2.0', // asks for its notice to be kept, as BSD does: argparse, where the client's types are generated
  'Unlicense', // gives everything away: tweetnacl, which pusher-js brings along
  'Zlib',
]);

interface Package {
  license?: string;
  /** One of our own, which stands in the file by its folder as well. */
  link?: boolean;
}

/** Of `A OR B` one is chosen; of `A AND B` both hold. */
function isAllowed(expression: string): boolean {
  return expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => ALLOWED.has(licence)));
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Package>;
};
const found = Object.entries(lock.packages).filter(([, { link }]) => !link);
const strange = found.filter(([, { license }]) => !license || !isAllowed(license));
for (const [path, { license }] of strange) console.error(`${path}: ${license ?? 'no licence is named'}`);
if (strange.length > 0) throw new Error('these licences are not among those of bin/licences.ts');
