import type { Person } from 'parlour-ui/session.ts';

/** Who one can be on a laptop. */
export const demoPeople: readonly Person[] = [
  { sub: 'alice', name: 'Alice Moreau', email: 'alice@mail.example' },
  { sub: 'bob', name: 'Bob Okafor', email: 'bob@mail.example' },
  { sub: 'carol', name: 'Carol Lindqvist', email: 'carol@mail.example' },
  { sub: 'dave', name: 'Dave Tanaka', email: 'dave@mail.example' },
];
