/** The part that a small widget needs: rooms, their logs and the outbox, without lists and without pusher-js. */

export { Core, type CoreOptions } from './core.js';
export type { Environment } from './environment.js';
export { ParlourError } from './error.js';
export type { Draft } from './outbox.js';
export { Room as RoomHandle, type RoomSnapshot } from './room.js';
export type { SocketState } from './socket.js';
export { asyncStorage, memoryStorage, type Storage, webStorage } from './storage.js';
export type { Intervals } from './sync.js';
export type * from './types.js';
