/** The client of Parlour. */

export * from './core-entry.js';
export { type ListSnapshot, type ListSource, RoomList } from './list.js';
export { Parlour, type ParlourOptions } from './parlour.js';
export { People, Reports, Rooms } from './people.js';
export type { Colleague, Viewing } from './viewing.js';
