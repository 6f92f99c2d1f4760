/** What an app that was written for ActionCable's client needs of it, over Parlour. */

import { type Data, relay, type Token, whole } from './relay.js';

/** What is subscribed to, such as `{channel: "ChatChannel", chat_id}`. */
export interface Identifier {
  channel: string;
  [param: string]: unknown;
}

/** What an app does with a subscription. Each is called with the subscription as `this`. */
export interface Callbacks {
  /** It is listened to; called again when the connection is back, and something may have been missed. */
  connected?(this: Subscription): void;
  disconnected?(this: Subscription, how: { willAttemptReconnect: boolean }): void;
  /** It is not for this caller. */
  rejected?(this: Subscription): void;
  received?(this: Subscription, data: Data): void;
  /** Something that was performed came to nothing: `error` says why. ActionCable itself never tells. */
  failed?(this: Subscription, refusal: { error: string }): void;
}

/** A subscription, in ActionCable's words. */
export interface Subscription extends Callbacks {
  /** As JSON. */
  readonly identifier: string;
  /** Says something; resolves to whether it was taken. */
  perform(action: string, data?: Record<string, unknown>): Promise<boolean>;
  /** The same, with the action in the data. */
  send(data: Record<string, unknown>): Promise<boolean>;
  unsubscribe(): Subscription;
}

/** One connection, and what is subscribed to through it. */
export interface Consumer {
  readonly subscriptions: {
    create<T extends object>(
      identifier: string | Identifier,
      callbacks?: T & Callbacks & ThisType<Subscription & T>,
    ): Subscription & T;
  };
  connect(): void;
  disconnect(): void;
}

/** Connects when something is subscribed to. */
export function createConsumer(url: string, { token }: { token: Token }): Consumer {
  const all = new Set<Data>();

  const tell = (payload: Data, run: (it: Subscription) => void) => {
    for (const it of all) if (it.identifier === JSON.stringify(payload)) queueMicrotask(() => run(it));
  };

  /** Stops listening where nobody is subscribed any more. */
  const tidy = (payload: Data) => {
    const key = JSON.stringify(['subscribe', payload]);
    if ([...all].some(({ identifier }) => identifier === JSON.stringify(payload))) return;
    for (const channel of it.joins.get(key) ?? []) it.pusher?.unsubscribe(channel);
    it.joins.delete(key);
  };

  const it = relay(url, 'support', token, {
    async heard(name, event, channel) {
      const data = await whole(it, event, channel);
      if (!it.isNew(name + data.message.id)) return;
      for (const it of all)
        if (channel.includes(JSON.parse(it.identifier).chat_id ?? 'admin'))
          queueMicrotask(() => it.received?.(data));
    },
    said(_, event, payload) {
      if (event !== 'subscribe') return;
      tell(payload, (it) => it.connected?.());
      // Whoever asked may have gone meanwhile.
      tidy(payload);
    },
    changed(isUp) {
      if (!isUp) for (const it of all) it.disconnected?.({ willAttemptReconnect: true });
    },
    failed: (_, _event, payload) =>
      tell(payload, (it) => {
        all.delete(it);
        it.rejected?.();
      }),
  });

  return {
    subscriptions: {
      create(name, callbacks) {
        const params: Data = typeof name === 'string' ? { channel: name } : name;
        const identifier = JSON.stringify(params);
        const subscription: Data = {
          identifier,
          perform: (action: string, data?: object) => subscription.send({ ...data, action }),
          send: ({ action, ...data }: Data) =>
            it.say(action, { ...data, chat_id: params.chat_id }).then(
              () => true,
              ({ body }) => {
                subscription.failed?.(body);
                return false;
              },
            ),
          unsubscribe() {
            all.delete(subscription);
            tidy(params);
            return subscription;
          },
          ...callbacks,
        };
        all.add(subscription);
        it.open();
        it.join('subscribe', params);
        return subscription;
      },
    },
    connect: it.open,
    disconnect: it.close,
  };
}
