/** The API's shapes under short names, and those of the events that come over the relay. */

import type { components } from './api.gen.js';
import type { ParlourError } from './error.js';

type Schemas = components['schemas'];

export type Room = Schemas['Room'];
export type RoomKind = Schemas['RoomKind'];
export type RoomState = Schemas['RoomState'];
export type OpenRoom = Schemas['OpenRoom'];
export type ChangeRoom = Schemas['ChangeRoom'];
export type Message = Schemas['Message'];
export type CreatedMessage = Schemas['CreatedMessage'];
export type MessageType = Schemas['MessageType'];
export type MessageList = Schemas['MessageList'];
export type ChangeList = Schemas['ChangeList'];
export type Member = Schemas['Member'];
export type MemberList = Schemas['MemberList'];
export type Me = Schemas['Me'];
export type Person = Schemas['Person'];
export type PersonList = Schemas['PersonList'];
export type BlockList = Schemas['BlockList'];
export type ReadMark = Schemas['ReadMark'];
export type Report = Schemas['Report'];
export type ReportList = Schemas['ReportList'];
export type ReportState = Schemas['ReportState'];
export type ReportedMessage = Schemas['ReportedMessage'];
export type RoomList = Schemas['RoomList'];
export type Synced = Schemas['Synced'];
export type Connection = Schemas['Connection'];
export type ChannelAuthorization = Schemas['ChannelAuthorization'];
export type Problem = Schemas['Problem'];
export type FieldError = Schemas['FieldError'];
export type NewGuest = Schemas['NewGuest'];
export type MergedGuest = Schemas['MergedGuest'];

/** A place in the log as a page shows it. */
export type Slot = MessageList['messages'][number];

/** A message that the server has. */
export interface SentMessage extends Message {
  /** Stays the same from the first optimistic showing on: what a list is keyed by. */
  key: string;
  status: 'sent';
}

/** A message of one's own that the server has not confirmed. */
export interface UnsentMessage {
  key: string;
  status: 'sending' | 'failed';
  /** Why it failed, or why it is still waiting. */
  error: ParlourError | null;
  room_id: string;
  client_id: string;
  /** It has no place in the log yet. */
  seq: null;
  type: MessageType;
  body: string;
  reply_to: number | null;
  created_at: string;
}

/** What a list of messages shows, in order: the log first, then what is still to be sent. */
export type Entry = SentMessage | UnsentMessage;

/** Data of an event about a room. Readers ignore keys that they do not know. */
export interface RoomEvent {
  room_id: string;
  rev?: number;
  seq?: number;
  head?: number;
  [key: string]: unknown;
}

/** Data of `room_updated`: what has changed, and only that. */
export interface RoomUpdated extends RoomEvent {
  channel?: string | null;
  deleted?: boolean | null;
  removed?: boolean | null;
  hidden?: boolean | null;
  muted?: boolean | null;
  pinned?: boolean | null;
  member_count?: number | null;
  title?: string | null;
  state?: RoomState;
  archived_at?: string | null;
}
