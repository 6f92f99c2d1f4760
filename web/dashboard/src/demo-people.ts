import type { Person } from 'parlour-ui/session.ts';

/** Which agent one can be on a laptop. */
export const demoPeople: readonly Person[] = [
  { sub: 'agnes', name: 'Agnes Keller', email: 'agnes@desk.example', roles: ['admin'] },
  { sub: 'amir', name: 'Amir Haddad', email: 'amir@desk.example', roles: ['admin'] },
  { sub: 'ana', name: 'Ana Ferreira', email: 'ana@desk.example', roles: ['admin'] },
];
