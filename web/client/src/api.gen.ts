// Made of docs/openapi.json: npm run generate

export interface paths {
    "/asyncapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The channels and the events on them. */
        get: operations["asyncapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The function is there. Whether the store is, each answer tells. */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom the caller has blocked. */
        get: operations["list_blocks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Blocks a person, who then can open no direct room with the caller and post into none. Once is
         *     enough.
         */
        put: operations["put_block"];
        post?: never;
        /** Takes a block back. */
        delete: operations["delete_block"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/desk/rooms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The queue of the caller's desk, latest activity first: of support for an agent, of its own
         *     listings for a merchant.
         */
        get: operations["list_desk_rooms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Describes a group in which everyone gives to somebody who does not know from whom. Who drew whom is
         *     told once and never shown. For the application's own server.
         */
        put: operations["put_group"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a visitor in who has not signed in, where that is allowed. It takes no token. */
        post: operations["create_guest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guests/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a guest's support room to the caller, who has signed in meanwhile. Once is enough. */
        post: operations["merge_guest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/import/rooms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a room as it was in another system, or finds it. Nobody is told. For the application's own server. */
        post: operations["import_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/import/rooms/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A part of any room's log, to see that nothing is missing. For the application's own server. */
        get: operations["list_imported"];
        put?: never;
        /**
         * Appends messages with their own times, each once by its `client_id`. Nobody is told, and nobody is
         *     mailed. For the application's own server.
         */
        post: operations["import_messages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/listings/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Describes a listing, so that users can talk with its merchant. For the application's own server. */
        put: operations["put_listing"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mail/unsubscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page that asks whether its reader wants no more mails. It changes nothing: programs look at links, too. */
        get: operations["show_unsubscribe"];
        put?: never;
        /**
         * No more mails, by the link of one: for its page's button, and for mail programs, whose body
         *     (`List-Unsubscribe=One-Click`, RFC 8058) says nothing more.
         */
        post: operations["unsubscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's own account, and its channel. */
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/mail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the caller is mailed about what it has not read. */
        get: operations["get_mail"];
        /** Whether the caller is to be mailed about what it has not read, from now on. */
        put: operations["put_mail"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/realtime": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How to reach the relay with any Pusher client. */
        get: operations["get_realtime"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/realtime/auth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a client's connection listen to a channel. */
        post: operations["authorize_channel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/realtime/user": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a client's connection be the caller's. */
        post: operations["sign_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/realtime/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes what the relay tells: who listens, and who does no more. Telling it again changes nothing. */
        post: operations["receive_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was reported, newest first; for support agents. */
        get: operations["list_reports"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says that a report has been seen to; for support agents. Once is enough: the first note stays. */
        post: operations["resolve_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's rooms, latest activity first, without those that the caller hid. */
        get: operations["list_rooms"];
        put?: never;
        /** Opens a room, or finds it open. */
        post: operations["open_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One room. */
        get: operations["get_room"];
        put?: never;
        post?: never;
        /**
         * Deletes a room and all its items.
         * @description From the first answer on the room is gone. The items of a large room go a part at a time: 202
         *     says that more are left, and the same call goes on.
         */
        delete: operations["delete_room"];
        options?: never;
        head?: never;
        /** Changes a group's title, or how a room is for the caller. */
        patch: operations["change_room"];
        trace?: never;
    };
    "/v1/rooms/{id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts a room away, out of its desk's queue, until its user writes again. Once is enough. */
        post: operations["archive_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What edits, deletions and reactions have touched since a revision. */
        get: operations["list_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is in a room. */
        get: operations["list_members"];
        put?: never;
        /** Adds users to a `group`. Each member may; who is in it already stays as it is. */
        post: operations["add_members"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/members/{member_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a member of a `group`, which its owner may; or leaves it, which everybody may. */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A part of a room's log. */
        get: operations["list_messages"];
        put?: never;
        /** Posts a message. */
        post: operations["create_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/messages/{seq}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes an own message; an agent deletes any. It keeps its place, without its text. Once is enough. */
        delete: operations["delete_message"];
        options?: never;
        head?: never;
        /** Gives an own message another text. */
        patch: operations["edit_message"];
        trace?: never;
    };
    "/v1/rooms/{id}/messages/{seq}/reactions/{emoji}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Puts an emoji to a message. Once is enough. */
        put: operations["put_reaction"];
        post?: never;
        /** Takes an emoji back. Once is enough. */
        delete: operations["delete_reaction"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/messages/{seq}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reports another member's message to the support agents, who see a copy of it. Once is enough:
         *     the first reason stays.
         */
        post: operations["report_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Marks messages as read. The mark moves forward only. */
        put: operations["mark_read"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{id}/unarchive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a room back into its desk's queue. Once is enough. */
        post: operations["unarchive_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What has changed since the client last looked, in one call: after a reconnect, or on focus.
         * @description Of the rooms that the client names all that moved on are told, exactly; beside them rooms with
         *     news since the cursor. Calls overlap: a client drops what it knows.
         */
        post: operations["sync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The people of a name that begins so. The caller may be one of them. */
        get: operations["list_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A person. */
        get: operations["get_user"];
        /** Describes a person, who need not have signed in before. For the application's own server. */
        put: operations["put_user"];
        post?: never;
        /**
         * Erases a person. For the application's own server.
         * @description What the person was called, and what it wrote, is gone afterwards, also from the table. Its messages
         *     keep their places, as deleted ones of nobody's, and what others wrote stays. A long life takes more than
         *     one call: 202 says that something is left, and the same call goes on.
         */
        delete: operations["erase_user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A page of a copy of everything that a person has here: profile, blocks, rooms, and in these what it
         *     wrote, reacted to and reported. For the application's own server.
         */
        get: operations["export_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhooks that did not arrive, newest first; for the application's server and support agents. */
        get: operations["list_webhooks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes the failed webhooks due again, a thousand or so with each call; for the application's server and
         *     support agents.
         */
        post: operations["replay_webhooks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a webhook again, now, under the same id; for the application's server and support agents. */
        post: operations["replay_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Who is to join. */
        AddMembers: {
            /** @description The users' ids: 1 to 1,000. */
            members: string[];
        };
        /** @description A webhook that did not arrive at once. */
        AppWebhook: {
            /**
             * Format: int32
             * @description How often it was tried.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When what it tells happened.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was given up.
             */
            failed_at?: string | null;
            /**
             * Format: uuid
             * @description UUID: the `webhook-id` with which it is sent.
             */
            id: string;
            /**
             * Format: int32
             * @description What the receiver answered last; null if it did not.
             */
            last_status?: number | null;
            /**
             * Format: date-time
             * @description When it is tried again.
             */
            next_attempt_at?: string | null;
            /**
             * Format: uuid
             * @description The room that it is about.
             */
            room_id?: string | null;
            /**
             * Format: int64
             * @description The place of the message that it is about.
             */
            seq?: number | null;
            /** @description Whether it is tried again. */
            state: components["schemas"]["HookState"];
            /** @description What it tells. */
            type: components["schemas"]["HookKind"];
        };
        /** @description What a Pusher client sends before it subscribes. */
        AuthorizeChannel: {
            /** @description The channel it wants to listen to. */
            channel_name: string;
            /** @description The client's connection: two numbers with a dot between them. */
            socket_id: string;
        };
        /** @description A page of whom the caller has blocked. */
        BlockList: {
            /** @description Pass it as `cursor` for the next page; null at the end. */
            next?: string | null;
            /** @description The people, in no order that means anything. */
            users: components["schemas"]["BlockedUser"][];
        };
        /** @description Somebody whom the caller has blocked. */
        BlockedUser: {
            /** @description The application's own id of the person. */
            id: string;
            /** @description The name to show. */
            name?: string | null;
            /** @description The address of a picture. */
            picture?: string | null;
        };
        /** @description What has changed. */
        ChangeList: {
            /** @description Whether there is more. */
            has_more: boolean;
            /** @description The messages as they are now, in the order in which they changed last. */
            messages: components["schemas"]["Message"][];
            /**
             * Format: int64
             * @description Up to which revision this tells everything: ask for what comes after it next.
             */
            rev: number;
        };
        /** @description What to change; what is absent stays. */
        ChangeRoom: {
            /** @description For the caller: out of the list until something comes. */
            hidden?: boolean | null;
            /** @description For the caller: no notifications. */
            muted?: boolean | null;
            /** @description For the caller: to be shown on top. */
            pinned?: boolean | null;
            /** @description For everyone, in a `group`: at most 200 characters; null takes the title away. */
            title?: string | null;
        };
        /** @description What a Pusher client needs to subscribe. */
        ChannelAuthorization: {
            /** @description The app key and the signature. */
            auth: string;
            /** @description Of an encrypted channel: the key that opens its events. */
            shared_secret?: string | null;
        };
        /** @description How to reach the relay with any Pusher client. */
        Connection: {
            /** @description Where a client has its channels authorized (`channelAuthorization.endpoint`). */
            auth_url: string;
            /** @description The cluster of hosted Pusher, where it is that. */
            cluster?: string | null;
            /** @description The host of the WebSocket (`wsHost`). */
            host: string;
            /** @description The app key. */
            key: string;
            /**
             * Format: int32
             * @description Its port (`wsPort`, `wssPort`).
             */
            port: number;
            /** @description Whether it speaks TLS (`forceTLS`). */
            tls: boolean;
            /** @description Where a client signs in (`userAuthentication.endpoint`). */
            user_auth_url: string;
        };
        /** @description What a visitor tells of itself, if anything. */
        CreateGuest: {
            /** @description The e-mail address, which only support agents see. */
            email?: string | null;
            /** @description The name to show: 1 to 200 characters. */
            name?: string | null;
        };
        /** @description A message to post. */
        CreateMessage: {
            /**
             * @description The text: not blank, and no longer than the kind of room allows (`direct`: 10,000
             *     characters, counted as Unicode scalar values; `match`: 500).
             */
            body: string;
            /**
             * Format: uuid
             * @description A UUID that you make: with it, repeating the post is safe for seven days.
             */
            client_id?: string | null;
            /**
             * Format: int64
             * @description The `seq` of the message that this one answers.
             */
            reply_to?: number | null;
            /** @description Says that this may have been posted before. */
            retry?: boolean;
            /** @description What `body` is. */
            type?: components["schemas"]["MessageType"];
        };
        /** @description A stored message, and whether it was announced. */
        CreatedMessage: components["schemas"]["Message"] & {
            /** @description Whether the relay took its events. If not, the message is stored all the same. */
            delivered: boolean;
        };
        /** @description Whom a desk has before it. */
        DeskUser: components["schemas"]["Presence"] & {
            /** @description The e-mail address; only support agents see it. */
            email?: string | null;
            /** @description The user's id in the room. */
            id: string;
            /** @description The name to show. */
            name?: string | null;
            /** @description The address of a picture. */
            picture?: string | null;
            /** @description What sort of account. */
            type: components["schemas"]["MemberType"];
            /** @description Who it is, where that was a guest who signed in since. Events do not know it. */
            user_id?: string | null;
        };
        /** @description Another text for a message. */
        EditMessage: {
            /** @description The text, within the limits of a new message. */
            body: string;
        };
        /** @description A place in the log without a message. */
        EmptySlot: {
            /** @description A message may still come here. */
            pending?: boolean;
            /**
             * Format: int64
             * @description The place.
             */
            seq: number;
            /** @description No message will ever stand here. */
            void?: boolean;
        };
        /** @description What is wrong with a field. */
        FieldError: {
            /** @description The field's name or path. */
            field: string;
            /** @description What is wrong, for people. */
            message: string;
        };
        /** @description A group; never who drew whom. */
        Group: {
            /** @description The application's own id of the group. */
            id: string;
            /** @description What it is called. */
            name: string;
            /** @description Whether it was drawn who gives to whom. */
            raffled: boolean;
            /**
             * Format: date-time
             * @description From when on receivers may know who gave.
             */
            reveal_at: string;
        };
        /**
         * @description A kind of thing that the application's server is told of.
         * @enum {string}
         */
        HookKind: "message.created" | "room.opened" | "room.archived" | "report.filed" | "person.erased";
        /**
         * @description What has become of a webhook that did not arrive at once.
         * @enum {string}
         */
        HookState: "pending" | "failed";
        /** @description A message of another system. */
        ImportMessage: {
            /** @description The text, within the kind's limits. */
            body: string;
            /**
             * Format: uuid
             * @description A UUID that stands for it: the other system's own, or one made of that.
             */
            client_id: string;
            /**
             * Format: date-time
             * @description When it was sent.
             */
            created_at: string;
            /** @description Whether whom it was for has read it: yes, unless given. */
            read?: boolean;
            /**
             * Format: int64
             * @description The `seq` of the message that it answers.
             */
            reply_to?: number | null;
            /** @description The application's own id of whoever sent it; not of agents and the application. */
            sender_id?: string | null;
            /** @description In which capacity: `user`, unless given. */
            sender_type?: components["schemas"]["SenderType"];
            /** @description What `body` is. */
            type?: components["schemas"]["MessageType"];
        };
        /** @description Messages of another system. */
        ImportMessages: {
            /**
             * Format: date-time
             * @description Of `support` rooms: when the desk put it away, where it did; with the last messages.
             */
            archived_at?: string | null;
            /** @description In the order in which they were sent: at most 50. */
            messages: components["schemas"]["ImportMessage"][];
        };
        /** @description A room of another system. */
        ImportRoom: {
            /**
             * Format: uuid
             * @description For `group`: a UUID that stands for this one. Importing it again finds the same room.
             */
            client_id?: string | null;
            /**
             * Format: date-time
             * @description When it was opened.
             */
            created_at: string;
            /** @description Whether its events are told in its kind's dialect as well (docs/dialects.md). */
            dialect?: boolean;
            /** @description For `match`: the group's id, of which `PUT /v1/groups/{id}` told before. */
            group_id?: string | null;
            /** @description What sort of room. */
            kind: components["schemas"]["RoomKind"];
            /** @description For `listing`: the listing's id, of which `PUT /v1/listings/{id}` told before. */
            listing_id?: string | null;
            /** @description For `group`: at most 200 characters. */
            title?: string | null;
            /**
             * @description The ids of its users. Of `direct` both; of `group` all, the first of whom founded it; of the others
             *     the one who opened it, which in `match` is the giver.
             */
            users: string[];
        };
        /** @description What was brought in. */
        ImportedMessages: {
            /**
             * Format: int64
             * @description The room's highest `seq`.
             */
            head: number;
        };
        /** @description A room that was made or found. */
        ImportedRoom: {
            /**
             * Format: int64
             * @description Its highest `seq`: 0 of a new one.
             */
            head: number;
            /**
             * Format: uuid
             * @description The room.
             */
            id: string;
        };
        /** @description The newest message of a room, in short. */
        LastMessage: {
            /**
             * Format: date-time
             * @description When it was sent.
             */
            created_at: string;
            /** @description Whether it was deleted since. */
            deleted: boolean;
            /** @description At most 100 characters. */
            preview: string;
            /** @description The sender's id in the room. */
            sender_id: string;
            /** @description In which capacity it was sent. */
            sender_type: components["schemas"]["SenderType"];
            /**
             * Format: int64
             * @description Its place in the room.
             */
            seq: number;
        };
        /** @description A page of the copy of a person's life. */
        LifePage: {
            /** @description The ids of those whom the person has blocked, on the first page. */
            blocks?: string[] | null;
            /** @description Pass it as `cursor` for the next page; null at the end. */
            next?: string | null;
            profile?: components["schemas"]["Person"] | null;
            /**
             * @description Rooms, those first that have been quiet for longest. One that goes on on the next page is there
             *     again; so is one that moved meanwhile.
             */
            rooms: components["schemas"]["LifeRoom"][];
        };
        /** @description A reaction. */
        LifeReaction: {
            /** @description The emoji. */
            emoji: string;
            /**
             * Format: int64
             * @description The message.
             */
            seq: number;
        };
        /** @description What a person has in a room. */
        LifeRoom: {
            /**
             * Format: int64
             * @description The `seq` behind which this goes on; what came before it is on an earlier page.
             */
            after: number;
            /**
             * Format: uuid
             * @description The room.
             */
            id: string;
            /** @description Whether the person is still in it. */
            is_member: boolean;
            /** @description What sort of room. */
            kind: components["schemas"]["RoomKind"];
            /** @description The person's id in the room. */
            member_id: string;
            /** @description What the person wrote, ascending. */
            messages: components["schemas"]["Message"][];
            /** @description What the person reacted to, and with what. */
            reactions: components["schemas"]["LifeReaction"][];
            /**
             * Format: int64
             * @description The `seq` up to which the person has read.
             */
            read: number;
            /** @description What the person reported: once, with the room's first messages. */
            reports: components["schemas"]["Report"][];
            /** @description The room's title, where it has one. */
            title?: string | null;
        };
        /** @description What stands at a place in the log. */
        ListedSlot: components["schemas"]["Message"] | components["schemas"]["EmptySlot"];
        /** @description A listing. */
        Listing: {
            /** @description The application's own id of the listing. */
            id: string;
            /** @description The id of the merchant who offers it. */
            merchant_id: string;
            /** @description What it is called. */
            title: string;
        };
        /** @description The listing that a room is about, as it was when the room was opened. */
        ListingRef: {
            /** @description The application's own id of it. */
            id: string;
            /** @description Its title. */
            title: string;
        };
        /** @description Whether somebody is mailed about what it has not read. */
        MailWish: {
            /** @description Whether it is. */
            wanted: boolean;
        };
        /** @description How far the caller has read. */
        MarkRead: {
            /**
             * Format: int64
             * @description The `seq` up to which everything is read; beyond the head it means the head.
             */
            seq: number;
        };
        /** @description The caller's own account. */
        Me: {
            /** @description The account's own channel: what happens in any of its rooms. */
            channel: string;
            /**
             * @description Of support agents and merchants: the channel of their desk, on which they hear of what users
             *     write to it.
             */
            desk_channel?: string | null;
            /** @description Of support agents and merchants: how many rooms of their desk wait for it, 1,000 at most. */
            desk_waiting?: number | null;
            /** @description The e-mail address. */
            email?: string | null;
            /** @description The application's own id of the account. */
            id: string;
            /** @description The name that others see. */
            name?: string | null;
            /** @description The address of the picture that others see. */
            picture?: string | null;
            /** @description What the token allows beyond the account's own rooms. */
            roles: string[];
            /** @description What sort of account. */
            type: components["schemas"]["PrincipalType"];
            /**
             * Format: int64
             * @description How many unread messages those rooms hold together.
             */
            unread_messages: number;
            /** @description How many of the 100 newest rooms hold something unread. */
            unread_rooms: number;
        };
        /** @description Someone in a room. */
        Member: components["schemas"]["Presence"] & {
            /** @description Opaque, unique in the room. */
            id: string;
            /** @description The name to show. */
            name?: string | null;
            /** @description The address of a picture. */
            picture?: string | null;
            /**
             * Format: int64
             * @description The `seq` up to which the member has read. Lists of rooms do not know it of the other members
             *     of a group: null.
             */
            read?: number | null;
            role?: components["schemas"]["MemberRole"] | null;
            /** @description What sort of account. */
            type: components["schemas"]["MemberType"];
            /** @description Whose alias `id` was, once the group's date has come. */
            user_id?: string | null;
        };
        /** @description A page of a room's members. */
        MemberList: {
            /** @description The members, in no telling order, but always the same. */
            members: components["schemas"]["Member"][];
            /** @description Pass it as `cursor` for the next page; null at the end. */
            next?: string | null;
        };
        /**
         * @description What a member of a group may do there.
         * @enum {string}
         */
        MemberRole: "owner" | "member";
        /**
         * @description What a member is.
         * @enum {string}
         */
        MemberType: "user" | "merchant" | "guest" | "admin";
        /** @description Which guest the caller was. */
        MergeGuest: {
            /** @description The guest's token. */
            token: string;
        };
        /** @description What became of the guest's room. */
        MergedGuest: {
            room?: components["schemas"]["Room"] | null;
        };
        /** @description A message as the API and events show it. */
        Message: {
            /** @description The text. */
            body?: string | null;
            /**
             * Format: uuid
             * @description The id that the client gave the post.
             */
            client_id?: string | null;
            /**
             * Format: date-time
             * @description When it was sent.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was deleted.
             */
            deleted_at?: string | null;
            /**
             * Format: date-time
             * @description When it was last edited.
             */
            edited_at?: string | null;
            /**
             * Format: uuid
             * @description UUID; follows from the room and `seq`.
             */
            id: string;
            /** @description Reactions, by emoji. */
            reactions: components["schemas"]["Reaction"][];
            /**
             * Format: date-time
             * @description In rooms of two sides: when the other side last marked its reading, where that covers the
             *     message. Events have none.
             */
            read_at?: string | null;
            /** @description In rooms of two sides: the other side's id in this room. */
            receiver_id?: string | null;
            receiver_type?: components["schemas"]["SenderType"] | null;
            /**
             * Format: int64
             * @description The `seq` of the message that this one answers.
             */
            reply_to?: number | null;
            /**
             * Format: int64
             * @description The room's revision when the message became what it is.
             */
            rev: number;
            /**
             * Format: uuid
             * @description The room.
             */
            room_id: string;
            /** @description The sender's id in this room. */
            sender_id: string;
            /** @description In which capacity it was sent. */
            sender_type: components["schemas"]["SenderType"];
            /**
             * Format: int64
             * @description The message's place in the room: dense, from 1, the same for everyone for ever.
             */
            seq: number;
            /**
             * @description Only in events, when the message would not fit, or where the relay must not read it: `body` is
             *     null, and the message is to be fetched by its `seq`.
             */
            truncated?: boolean;
            /** @description What `body` is. */
            type: components["schemas"]["MessageType"];
        };
        /** @description A part of a room's log. */
        MessageList: {
            /** @description Whether there is more: later ones with `after`, earlier ones otherwise. */
            has_more: boolean;
            /**
             * Format: int64
             * @description The room's highest `seq`.
             */
            head: number;
            /** @description Ascending and dense: every `seq` of the part is there, as a message or as an empty slot. */
            messages: components["schemas"]["ListedSlot"][];
            /**
             * Format: int64
             * @description The room's revision.
             */
            rev: number;
        };
        /**
         * @description What a message's body is.
         * @enum {string}
         */
        MessageType: "text" | "sticker";
        /** @description A visitor's new account. */
        NewGuest: {
            /** @description The guest's id. */
            id: string;
            /** @description The bearer token to call with, good for 30 days. Whoever loses it loses the account. */
            token: string;
        };
        /** @description Which room to open. */
        OpenRoom: {
            /**
             * Format: uuid
             * @description For `group`: a UUID that you make. Opening again with it finds the same room.
             */
            client_id?: string | null;
            /** @description For `match`: the group's id. */
            group_id?: string | null;
            /** @description What sort of room. */
            kind: components["schemas"]["RoomKind"];
            /** @description For `listing`: the listing's id. */
            listing_id?: string | null;
            /** @description For `group`: the ids of those who are in it beside the caller, 999 at most. */
            members?: string[] | null;
            /** @description For `group`: at most 200 characters. */
            title?: string | null;
            /** @description For `support`, by an agent: the user's id. */
            user?: string | null;
            /** @description For `direct`: the other user's id. */
            with?: string | null;
        };
        /** @description A person as its viewer may see it. */
        Person: components["schemas"]["Presence"] & {
            /** @description The e-mail address: only to the person itself, to admins and to the application's server. */
            email?: string | null;
            /** @description The application's own id of the person. */
            id: string;
            /**
             * Format: date-time
             * @description When the person joined the application.
             */
            joined_at?: string | null;
            /**
             * Format: int64
             * @description How the application rates the person.
             */
            karma?: number | null;
            /** @description The language that the person reads: only to those who see the e-mail address. */
            locale?: string | null;
            /** @description The name to show. */
            name?: string | null;
            /** @description The address of a picture. */
            picture?: string | null;
            /** @description What sort of account. */
            type: components["schemas"]["PrincipalType"];
        };
        /** @description A page of what a search found. */
        PersonList: {
            /** @description Pass it as `cursor` for the next page; null at the end. */
            next?: string | null;
            /** @description The people, by name. */
            users: components["schemas"]["Person"][];
        };
        /** @description Whether somebody is connected; nothing where that is not told. */
        Presence: {
            /**
             * Format: date-time
             * @description When it was last, to the minute. Absent while it is.
             */
            last_seen?: string | null;
            /** @description Whether it is now. */
            online?: boolean | null;
        };
        /**
         * @description What sort of account a principal is. Accounts of different types never collide, whatever
         *     their ids.
         * @enum {string}
         */
        PrincipalType: "user" | "merchant" | "guest";
        /** @description An error's body. */
        Problem: {
            /** @description The sort of problem, for programs: stable. */
            code: string;
            /** @description This occurrence, for people. */
            detail: string;
            /** @description The fields that are wrong. */
            errors?: components["schemas"]["FieldError"][] | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The sort of problem, for people. */
            title: string;
            /** @description A URI that stands for the sort of problem. */
            type: string;
        };
        /** @description What the application's server tells of a group. */
        PutGroup: {
            /**
             * @description Who gives to whom, by giver, once that is drawn: at most 2,000 a call. What was told before
             *     stays.
             */
            matches?: {
                [key: string]: string;
            } | null;
            /** @description What it is called: 1 to 200 characters. */
            name: string;
            /**
             * Format: date-time
             * @description From when on receivers may know who gave.
             */
            reveal_at: string;
        };
        /** @description What the application's server tells of a listing. */
        PutListing: {
            /** @description The id of the merchant who offers it. */
            merchant_id: string;
            /** @description What it is called: 1 to 200 characters. */
            title: string;
        };
        /** @description What the application's server tells of a person: null clears a field, an absent one stays. */
        PutUser: {
            /** @description The e-mail address. */
            email?: string | null;
            /**
             * Format: date-time
             * @description When the person joined the application.
             */
            joined_at?: string | null;
            /**
             * Format: int64
             * @description How the application rates the person.
             */
            karma?: number | null;
            /** @description The language that the person reads (BCP 47), as `de-AT`: mail is in it. */
            locale?: string | null;
            /** @description The name to show: 1 to 200 characters. The person is found by it. */
            name?: string | null;
            /** @description The address of a picture. */
            picture?: string | null;
        };
        /** @description How often an emoji was put to a message. */
        Reaction: {
            /**
             * Format: int64
             * @description By how many members.
             */
            count: number;
            /** @description The emoji. */
            emoji: string;
            /** @description Whether the viewer is one of them. Events have none. */
            mine?: boolean | null;
        };
        /** @description How far the caller has read now. */
        ReadMark: {
            /**
             * Format: int64
             * @description The `seq` up to which everything is read.
             */
            read: number;
            /**
             * Format: int64
             * @description How many messages are not.
             */
            unread: number;
        };
        /** @description What came of trying a webhook again. */
        Replay: {
            /** @description Whether the receiver took it. */
            delivered: boolean;
            webhook?: components["schemas"]["AppWebhook"] | null;
        };
        /** @description How many webhooks were made due again. */
        ReplayedWebhooks: {
            /** @description Whether there are more: call again. */
            more: boolean;
            /** @description So many. */
            replayed: number;
        };
        /** @description A report as its reporter sees it. */
        Report: {
            /**
             * Format: date-time
             * @description When it was reported.
             */
            created_at: string;
            /**
             * Format: uuid
             * @description UUID.
             */
            id: string;
            /** @description Why, in the reporter's words. */
            reason: string;
            /**
             * Format: uuid
             * @description The room of the message.
             */
            room_id: string;
            /**
             * Format: int64
             * @description The message's place in the room.
             */
            seq: number;
            /** @description Whether an agent has seen to it. */
            state: components["schemas"]["ReportState"];
        };
        /** @description A page of the list of reports. */
        ReportList: {
            /** @description Pass it as `cursor` for the next page; null at the end. */
            next?: string | null;
            /** @description The reports, newest first. */
            reports: components["schemas"]["ReportedMessage"][];
        };
        /** @description Why a message is reported. */
        ReportMessage: {
            /** @description In the reporter's words: 1 to 1,000 characters. */
            reason: string;
        };
        /**
         * @description Whether somebody has seen to a report.
         * @enum {string}
         */
        ReportState: "open" | "resolved";
        /** @description A report as support agents see it. Who hides behind an alias in the room hides here as well. */
        ReportedMessage: components["schemas"]["Report"] & {
            /** @description What the message said when it was reported; null once the message is deleted. */
            body?: string | null;
            /** @description What the agent noted. */
            note?: string | null;
            /** @description The reporter's account; null where the room hides whose the id is. */
            reporter_account?: string | null;
            /** @description The reporter's id in the room. */
            reporter_id: string;
            /**
             * Format: date-time
             * @description When it was resolved.
             */
            resolved_at?: string | null;
            /** @description The account of the agent who did. */
            resolved_by?: string | null;
            /** @description The sender's id in the room. */
            sender_id: string;
            /** @description In which capacity it was sent. */
            sender_type: components["schemas"]["SenderType"];
        };
        /** @description What an agent did about a report. */
        ResolveReport: {
            /** @description For the other agents: 1 to 1,000 characters. */
            note?: string | null;
        };
        /** @description A room as its viewer sees it. */
        Room: {
            /**
             * Format: date-time
             * @description When its desk put it away.
             */
            archived_at?: string | null;
            /** @description Where its events are: subscribe to this name, never to one that you built. */
            channel: string;
            /**
             * Format: date-time
             * @description When it was opened.
             */
            created_at: string;
            group?: components["schemas"]["RoomGroup"] | null;
            /**
             * Format: int64
             * @description The highest `seq`.
             */
            head: number;
            /**
             * Format: uuid
             * @description UUID.
             */
            id: string;
            /** @description What sort of room. */
            kind: components["schemas"]["RoomKind"];
            last_message?: components["schemas"]["LastMessage"] | null;
            /**
             * Format: date-time
             * @description When the newest message was sent.
             */
            last_message_at?: string | null;
            listing?: components["schemas"]["ListingRef"] | null;
            /** @description How many there are. */
            member_count: number;
            /** @description Who is in it: at most 20. */
            members: components["schemas"]["Member"][];
            /**
             * Format: int64
             * @description How many messages it holds.
             */
            message_count: number;
            /**
             * Format: int64
             * @description Counts edits, deletions and reactions.
             */
            rev: number;
            /** @description Whether its desk has put it away. */
            state: components["schemas"]["RoomState"];
            /** @description The room's title, where it has one. */
            title?: string | null;
            /**
             * Format: int64
             * @description For that desk: how many messages it has not read.
             */
            unread?: number | null;
            /**
             * Format: date-time
             * @description When something happened in it last.
             */
            updated_at: string;
            user?: components["schemas"]["DeskUser"] | null;
            /**
             * Format: date-time
             * @description When its desk looked at it last.
             */
            viewed_at?: string | null;
            /** @description How the room is for the viewer. */
            you: components["schemas"]["You"];
        };
        /** @description The group whose raffle made a room. */
        RoomGroup: {
            /** @description The application's own id of it. */
            id: string;
            /** @description Its name. */
            name: string;
            /**
             * Format: date-time
             * @description When the givers are revealed.
             */
            reveal_at: string;
            /** @description Whether they are. */
            revealed: boolean;
        };
        /**
         * @description What sort of room: who is in it, what makes it unique, and its limits.
         * @enum {string}
         */
        RoomKind: "direct" | "support" | "listing" | "match" | "group";
        /** @description A page of an inbox or of a desk's queue. */
        RoomList: {
            /** @description Pass it as `cursor` for the next page; null at the end. */
            next?: string | null;
            /** @description The rooms, latest activity first. */
            rooms: components["schemas"]["Room"][];
        };
        /**
         * @description Whether a room's desk has put it away.
         * @enum {string}
         */
        RoomState: "active" | "archived";
        /** @description What the desk had seen when it decided. */
        Seen: {
            /**
             * Format: int64
             * @description The room's `head` then: if more has come since, nothing is done.
             */
            seq?: number | null;
        };
        /**
         * @description In which capacity a message was sent.
         * @enum {string}
         */
        SenderType: "user" | "merchant" | "admin" | "system";
        /** @description What a Pusher client sends before it signs in. */
        SignIn: {
            /** @description The client's connection: two numbers with a dot between them. */
            socket_id: string;
        };
        /** @description What the client knows. */
        Sync: {
            /** @description The `cursor` of the call before; none the first time. */
            cursor?: string | null;
            /** @description At most 100 rooms that the client holds: for each id its `head` and `rev`. */
            rooms?: {
                [key: string]: number[];
            };
        };
        /** @description What has changed. */
        Synced: {
            /** @description Pass it with the next call. */
            cursor: string;
            /** @description Rooms that the client holds and that are not there any more, or not the caller's. */
            gone: string[];
            /** @description Whether more rooms have news: call again, at once, with the cursor. */
            has_more: boolean;
            /** @description The rooms that moved on: of those that the client holds, and others with news. */
            rooms: components["schemas"]["SyncedRoom"][];
        };
        /** @description A room that moved on. */
        SyncedRoom: {
            /**
             * Format: int64
             * @description The highest `seq`.
             */
            head: number;
            /**
             * Format: uuid
             * @description The room.
             */
            id: string;
            last_message?: components["schemas"]["LastMessage"] | null;
            /**
             * Format: int64
             * @description Counts edits, deletions and reactions.
             */
            rev: number;
            /**
             * Format: int64
             * @description How many messages the caller has not read.
             */
            unread: number;
        };
        /** @description What a Pusher client needs to sign in. */
        UserAuthentication: {
            /** @description The app key and the signature. */
            auth: string;
            /** @description Who the connection's user is, as JSON. The `id` in it is unique among accounts of all types. */
            user_data: string;
        };
        /** @description What the relay tells at once. */
        Webhook: {
            /** @description What. */
            events: components["schemas"]["WebhookEvent"][];
            /**
             * Format: int64
             * @description When, by the relay's clock, in milliseconds since 1970.
             */
            time_ms: number;
        };
        /** @description One of the things told; what we do not need is not read. */
        WebhookEvent: {
            /** @description The channel that it is about. */
            channel?: string | null;
            /** @description `channel_occupied`, `channel_vacated`, or another. */
            name: string;
        };
        /** @description A page of the list of webhooks. */
        WebhookList: {
            /** @description Pass it as `cursor` for the next page; null at the end. */
            next?: string | null;
            /** @description The webhooks, newest first. */
            webhooks: components["schemas"]["AppWebhook"][];
        };
        /** @description How a room is for its viewer. For agents: how it is for the desk, which they share. */
        You: {
            /** @description Kept out of the viewer's list until something new comes. */
            hidden: boolean;
            /** @description The viewer's id in this room. */
            member_id: string;
            /** @description No notifications. */
            muted: boolean;
            /** @description To be shown on top of the viewer's list. */
            pinned: boolean;
            /**
             * Format: int64
             * @description The `seq` up to which the viewer has read.
             */
            read: number;
            /**
             * Format: int64
             * @description How many messages the viewer has not read.
             */
            unread: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    asyncapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description AsyncAPI 3.0 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_blocks: {
        parameters: {
            query?: {
                /** @description How many people: 1 to 100, 20 unless given. */
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of people */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": null,
                     *       "users": [
                     *         {
                     *           "id": "bob",
                     *           "name": "Bob Jones",
                     *           "picture": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["BlockList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_block: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person is blocked */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The caller was erased */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_block: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person is not blocked */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_desk_rooms: {
        parameters: {
            query?: {
                /** @description `active`, which is the queue, unless given; or `archived`. */
                state?: "active" | "archived";
                /** @description How many rooms: 1 to 100, 50 unless given. */
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the queue */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": null,
                     *       "rooms": [
                     *         {
                     *           "archived_at": null,
                     *           "channel": "private-room-d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "head": 0,
                     *           "id": "d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *           "kind": "support",
                     *           "last_message": null,
                     *           "last_message_at": null,
                     *           "member_count": 2,
                     *           "members": [
                     *             {
                     *               "id": "alice",
                     *               "name": "Alice",
                     *               "picture": null,
                     *               "read": 0,
                     *               "type": "user"
                     *             },
                     *             {
                     *               "id": "desk:support",
                     *               "name": null,
                     *               "picture": null,
                     *               "read": 0,
                     *               "type": "admin"
                     *             }
                     *           ],
                     *           "message_count": 0,
                     *           "rev": 0,
                     *           "state": "active",
                     *           "title": null,
                     *           "unread": 0,
                     *           "updated_at": "2026-01-01T12:00:00.000Z",
                     *           "user": {
                     *             "id": "alice",
                     *             "name": "Alice",
                     *             "picture": null,
                     *             "type": "user"
                     *           },
                     *           "viewed_at": null,
                     *           "you": {
                     *             "hidden": false,
                     *             "member_id": "desk:support",
                     *             "muted": false,
                     *             "pinned": false,
                     *             "read": 0,
                     *             "unread": 0
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RoomList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The caller has no desk */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "matches": {
                 *         "alice": "bob",
                 *         "bob": "alice"
                 *       },
                 *       "name": "The family",
                 *       "reveal_at": "2026-12-24T18:00:00Z"
                 *     }
                 */
                "application/json": components["schemas"]["PutGroup"];
            };
        };
        responses: {
            /** @description The group now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "family",
                     *       "name": "The family",
                     *       "raffled": true,
                     *       "reveal_at": "2026-12-24T18:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Group"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A giver has drawn somebody else; nothing has changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_guest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "A visitor"
                 *     }
                 */
                "application/json": components["schemas"]["CreateGuest"] | null;
            };
        };
        responses: {
            /** @description The guest's token */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *       "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…"
                     *     }
                     */
                    "application/json": components["schemas"]["NewGuest"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Guests are not let in here */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too often: try again after `Retry-After` */
            429: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    merge_guest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI2ZjFjOGYzZS01YjBlLTRkN2UtOWE1NS0wZjZjMWQyZTNiNGEiLCJ0eXBlIjoiZ3Vlc3QiLCJpc3MiOiJwYXJsb3VyLWd1ZXN0cyIsImF1ZCI6InBhcmxvdXIiLCJleHAiOjQxMDI0NDQ4MDB9.qaxd79gkC8ihcVz4XlTqcMH80P0rrdBHnkZxr9HzSrw"
                 *     }
                 */
                "application/json": components["schemas"]["MergeGuest"];
            };
        };
        responses: {
            /** @description The room, which is the caller's now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "room": null
                     *     }
                     */
                    "application/json": components["schemas"]["MergedGuest"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A guest cannot take over another guest's room */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The caller has a support room already; the guest's stays the guest's */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    import_room: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "created_at": "2020-01-29T10:00:00Z",
                 *       "kind": "direct",
                 *       "users": [
                 *         "alice",
                 *         "bob"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ImportRoom"];
            };
        };
        responses: {
            /** @description The room */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "head": 1,
                     *       "id": "c368ce42-3498-8141-b73f-7016956c8894"
                     *     }
                     */
                    "application/json": components["schemas"]["ImportedRoom"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such listing, or nobody drawn in this group */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_imported: {
        parameters: {
            query?: {
                /** @description The messages just after this `seq`; from the beginning unless given. */
                after?: number;
                /** @description How many: 1 to 200, 50 unless given. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "has_more": false,
                     *       "head": 2,
                     *       "messages": [
                     *         {
                     *           "body": "Hello, Bob.",
                     *           "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "deleted_at": null,
                     *           "edited_at": null,
                     *           "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *           "reactions": [],
                     *           "receiver_id": "bob",
                     *           "receiver_type": "user",
                     *           "rev": 0,
                     *           "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "sender_id": "alice",
                     *           "sender_type": "user",
                     *           "seq": 1,
                     *           "type": "text"
                     *         },
                     *         {
                     *           "body": "Hello",
                     *           "client_id": "6f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *           "created_at": "2020-01-29T10:00:00.000Z",
                     *           "deleted_at": null,
                     *           "edited_at": null,
                     *           "id": "feab441f-6d46-8b90-885a-10eb640ed2d9",
                     *           "reactions": [],
                     *           "receiver_id": "bob",
                     *           "receiver_type": "user",
                     *           "rev": 0,
                     *           "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "sender_id": "alice",
                     *           "sender_type": "user",
                     *           "seq": 2,
                     *           "type": "text"
                     *         }
                     *       ],
                     *       "rev": 0
                     *     }
                     */
                    "application/json": components["schemas"]["MessageList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such room */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    import_messages: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "messages": [
                 *         {
                 *           "body": "Hello",
                 *           "client_id": "6f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                 *           "created_at": "2020-01-29T10:00:00Z",
                 *           "sender_id": "alice"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ImportMessages"];
            };
        };
        responses: {
            /** @description They are stored */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "head": 2
                     *     }
                     */
                    "application/json": components["schemas"]["ImportedMessages"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such room */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A client_id was used for another message */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_listing: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "merchant_id": "wheels",
                 *       "title": "A red bicycle"
                 *     }
                 */
                "application/json": components["schemas"]["PutListing"];
            };
        };
        responses: {
            /** @description The listing now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "bike-7",
                     *       "merchant_id": "wheels",
                     *       "title": "A red bicycle"
                     *     }
                     */
                    "application/json": components["schemas"]["Listing"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_unsubscribe: {
        parameters: {
            query: {
                /** @description Whose mails it is about, and that the link is one of ours. */
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description The link is none of ours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    unsubscribe: {
        parameters: {
            query: {
                /** @description Whose mails it is about, and that the link is one of ours. */
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done: a page that says so */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description The link is none of ours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "channel": "private-user-ej5zK3K2Kfupq1-OHvWhoA",
                     *       "email": null,
                     *       "id": "alice",
                     *       "name": "Alice",
                     *       "picture": null,
                     *       "roles": [],
                     *       "type": "user",
                     *       "unread_messages": 0,
                     *       "unread_rooms": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Erased, after the token was made */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_mail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's wish */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "wanted": true
                     *     }
                     */
                    "application/json": components["schemas"]["MailWish"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Erased, after the token was made */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_mail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "wanted": false
                 *     }
                 */
                "application/json": components["schemas"]["MailWish"];
            };
        };
        responses: {
            /** @description The caller's wish now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "wanted": false
                     *     }
                     */
                    "application/json": components["schemas"]["MailWish"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Erased, after the token was made */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_realtime: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What a client is configured with */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "auth_url": "https://chat.example/v1/realtime/auth",
                     *       "host": "relay.example",
                     *       "key": "parlour-key",
                     *       "port": 443,
                     *       "tls": true,
                     *       "user_auth_url": "https://chat.example/v1/realtime/user"
                     *     }
                     */
                    "application/json": components["schemas"]["Connection"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    authorize_channel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "channel_name": "private-room-c368ce42-3498-8141-b73f-7016956c8894",
                 *       "socket_id": "123.456"
                 *     }
                 */
                "application/json": components["schemas"]["AuthorizeChannel"];
                /**
                 * @example {
                 *       "channel_name": "private-room-c368ce42-3498-8141-b73f-7016956c8894",
                 *       "socket_id": "123.456"
                 *     }
                 */
                "application/x-www-form-urlencoded": components["schemas"]["AuthorizeChannel"];
            };
        };
        responses: {
            /** @description The signature */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "auth": "parlour-key:476b4f92a94042abc3a5150ff6cde6a526957ad9e1ec573fccc17ff060e89156"
                     *     }
                     */
                    "application/json": components["schemas"]["ChannelAuthorization"];
                };
            };
            /** @description Not JSON, or no socket id */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not a channel of yours */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Neither JSON nor a form */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sign_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "socket_id": "123.456"
                 *     }
                 */
                "application/json": components["schemas"]["SignIn"];
                /**
                 * @example {
                 *       "socket_id": "123.456"
                 *     }
                 */
                "application/x-www-form-urlencoded": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description The signature */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "auth": "parlour-key:e7840a4ae1d86f9710a0470406bb36b210446d09890322fb47c5070602b48a1a",
                     *       "user_data": "{\"id\":\"ej5zK3K2Kfupq1-OHvWhoA\"}"
                     *     }
                     */
                    "application/json": components["schemas"]["UserAuthentication"];
                };
            };
            /** @description Not JSON, or no socket id */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Neither JSON nor a form */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receive_webhook: {
        parameters: {
            query?: never;
            header: {
                /** @description The app's key */
                "X-Pusher-Key": string;
                /** @description HMAC-SHA256 of the body, in hexadecimal */
                "X-Pusher-Signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "events": [
                 *         {
                 *           "channel": "private-user-AAAAAAAAAAAAAAAAAAAAAA",
                 *           "name": "channel_occupied"
                 *         }
                 *       ],
                 *       "time_ms": 1767268800000
                 *     }
                 */
                "application/json": components["schemas"]["Webhook"];
            };
        };
        responses: {
            /** @description Taken */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Signed, and no webhook */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not signed by the relay */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_reports: {
        parameters: {
            query?: {
                /** @description `open` unless given; or `resolved`. */
                state?: "open" | "resolved";
                /** @description How many reports: 1 to 100, 20 unless given. */
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of reports */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": null,
                     *       "reports": [
                     *         {
                     *           "body": "Hello, Bob.",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "id": "5c5e714a-5ed7-86bf-be43-8daab79ccfd4",
                     *           "note": null,
                     *           "reason": "Rude",
                     *           "reporter_account": "bob",
                     *           "reporter_id": "bob",
                     *           "resolved_at": null,
                     *           "resolved_by": null,
                     *           "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "sender_id": "alice",
                     *           "sender_type": "user",
                     *           "seq": 1,
                     *           "state": "open"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ReportList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not a support agent */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resolve_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "note": "Warned"
                 *     }
                 */
                "application/json": components["schemas"]["ResolveReport"] | null;
            };
        };
        responses: {
            /** @description The report, resolved */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "body": "Hello, Bob.",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "id": "5c5e714a-5ed7-86bf-be43-8daab79ccfd4",
                     *       "note": "Warned",
                     *       "reason": "Rude",
                     *       "reporter_account": "bob",
                     *       "reporter_id": "bob",
                     *       "resolved_at": "2026-01-01T12:00:00.000Z",
                     *       "resolved_by": "agnes",
                     *       "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "sender_id": "alice",
                     *       "sender_type": "user",
                     *       "seq": 1,
                     *       "state": "resolved"
                     *     }
                     */
                    "application/json": components["schemas"]["ReportedMessage"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not a support agent */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_rooms: {
        parameters: {
            query?: {
                /** @description Only rooms of this kind; a page may then be short. */
                kind?: components["schemas"]["RoomKind"];
                /** @description How many rooms: 1 to 100, 20 unless given. */
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of rooms */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": null,
                     *       "rooms": [
                     *         {
                     *           "archived_at": null,
                     *           "channel": "private-room-5ee93abf-99df-85fa-90de-8b59899d3b3b-1",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "head": 0,
                     *           "id": "5ee93abf-99df-85fa-90de-8b59899d3b3b",
                     *           "kind": "group",
                     *           "last_message": null,
                     *           "last_message_at": null,
                     *           "member_count": 2,
                     *           "members": [
                     *             {
                     *               "id": "alice",
                     *               "name": "Alice",
                     *               "picture": null,
                     *               "read": 0,
                     *               "role": "owner",
                     *               "type": "user"
                     *             },
                     *             {
                     *               "id": "bob",
                     *               "name": null,
                     *               "picture": null,
                     *               "read": null,
                     *               "type": "user"
                     *             }
                     *           ],
                     *           "message_count": 0,
                     *           "rev": 0,
                     *           "state": "active",
                     *           "title": null,
                     *           "updated_at": "2026-01-01T12:00:00.000Z",
                     *           "viewed_at": null,
                     *           "you": {
                     *             "hidden": false,
                     *             "member_id": "alice",
                     *             "muted": false,
                     *             "pinned": false,
                     *             "read": 0,
                     *             "unread": 0
                     *           }
                     *         },
                     *         {
                     *           "archived_at": null,
                     *           "channel": "private-room-c368ce42-3498-8141-b73f-7016956c8894",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "head": 0,
                     *           "id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "kind": "direct",
                     *           "last_message": null,
                     *           "last_message_at": null,
                     *           "member_count": 2,
                     *           "members": [
                     *             {
                     *               "id": "alice",
                     *               "name": "Alice",
                     *               "picture": null,
                     *               "read": 0,
                     *               "type": "user"
                     *             },
                     *             {
                     *               "id": "bob",
                     *               "name": null,
                     *               "picture": null,
                     *               "read": 0,
                     *               "type": "user"
                     *             }
                     *           ],
                     *           "message_count": 0,
                     *           "rev": 0,
                     *           "state": "active",
                     *           "title": null,
                     *           "updated_at": "2026-01-01T12:00:00.000Z",
                     *           "viewed_at": null,
                     *           "you": {
                     *             "hidden": false,
                     *             "member_id": "alice",
                     *             "muted": false,
                     *             "pinned": false,
                     *             "read": 0,
                     *             "unread": 0
                     *           }
                     *         },
                     *         {
                     *           "archived_at": null,
                     *           "channel": "private-room-d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "head": 0,
                     *           "id": "d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *           "kind": "support",
                     *           "last_message": null,
                     *           "last_message_at": null,
                     *           "member_count": 2,
                     *           "members": [
                     *             {
                     *               "id": "alice",
                     *               "name": "Alice",
                     *               "picture": null,
                     *               "read": 0,
                     *               "type": "user"
                     *             },
                     *             {
                     *               "id": "desk:support",
                     *               "name": null,
                     *               "picture": null,
                     *               "read": 0,
                     *               "type": "admin"
                     *             }
                     *           ],
                     *           "message_count": 0,
                     *           "rev": 0,
                     *           "state": "active",
                     *           "title": null,
                     *           "updated_at": "2026-01-01T12:00:00.000Z",
                     *           "viewed_at": null,
                     *           "you": {
                     *             "hidden": false,
                     *             "member_id": "alice",
                     *             "muted": false,
                     *             "pinned": false,
                     *             "read": 0,
                     *             "unread": 0
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RoomList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    open_room: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "direct",
                 *       "with": "bob"
                 *     }
                 */
                "application/json": components["schemas"]["OpenRoom"];
            };
        };
        responses: {
            /** @description The room that was open already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "archived_at": null,
                     *       "channel": "private-room-c368ce42-3498-8141-b73f-7016956c8894",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "head": 0,
                     *       "id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "kind": "direct",
                     *       "last_message": null,
                     *       "last_message_at": null,
                     *       "member_count": 2,
                     *       "members": [
                     *         {
                     *           "id": "alice",
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "bob",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "user"
                     *         }
                     *       ],
                     *       "message_count": 0,
                     *       "rev": 0,
                     *       "state": "active",
                     *       "title": null,
                     *       "updated_at": "2026-01-01T12:00:00.000Z",
                     *       "viewed_at": null,
                     *       "you": {
                     *         "hidden": false,
                     *         "member_id": "alice",
                     *         "muted": false,
                     *         "pinned": false,
                     *         "read": 0,
                     *         "unread": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description The new room */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not for you: blocked, a guest, or no agent */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such listing, group or match */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The raffle was not held yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too often: try again after `Retry-After` */
            429: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The room */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "archived_at": null,
                     *       "channel": "private-room-c368ce42-3498-8141-b73f-7016956c8894",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "head": 0,
                     *       "id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "kind": "direct",
                     *       "last_message": null,
                     *       "last_message_at": null,
                     *       "member_count": 2,
                     *       "members": [
                     *         {
                     *           "id": "alice",
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "bob",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "user"
                     *         }
                     *       ],
                     *       "message_count": 0,
                     *       "rev": 0,
                     *       "state": "active",
                     *       "title": null,
                     *       "updated_at": "2026-01-01T12:00:00.000Z",
                     *       "viewed_at": null,
                     *       "you": {
                     *         "hidden": false,
                     *         "member_id": "alice",
                     *         "muted": false,
                     *         "pinned": false,
                     *         "read": 0,
                     *         "unread": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone; items are left, so call again */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Gone, and nothing is left */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Only for the application's server and agents */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "muted": true
                 *     }
                 */
                "application/json": components["schemas"]["ChangeRoom"];
            };
        };
        responses: {
            /** @description The room as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "archived_at": null,
                     *       "channel": "private-room-c368ce42-3498-8141-b73f-7016956c8894",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "head": 2,
                     *       "id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "kind": "direct",
                     *       "last_message": {
                     *         "created_at": "2020-01-29T10:00:00.000Z",
                     *         "deleted": false,
                     *         "preview": "Hello",
                     *         "sender_id": "alice",
                     *         "sender_type": "user",
                     *         "seq": 2
                     *       },
                     *       "last_message_at": "2020-01-29T10:00:00.000Z",
                     *       "member_count": 2,
                     *       "members": [
                     *         {
                     *           "id": "alice",
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "read": 2,
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "bob",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 2,
                     *           "type": "user"
                     *         }
                     *       ],
                     *       "message_count": 2,
                     *       "rev": 0,
                     *       "state": "active",
                     *       "title": null,
                     *       "updated_at": "2020-01-29T10:00:00.000Z",
                     *       "viewed_at": null,
                     *       "you": {
                     *         "hidden": false,
                     *         "member_id": "alice",
                     *         "muted": true,
                     *         "pinned": false,
                     *         "read": 2,
                     *         "unread": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Agents share their rooms */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    archive_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "seq": 0
                 *     }
                 */
                "application/json": components["schemas"]["Seen"] | null;
            };
        };
        responses: {
            /** @description The room, put away */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "archived_at": "2026-01-01T12:00:00.000Z",
                     *       "channel": "private-room-d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "head": 0,
                     *       "id": "d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *       "kind": "support",
                     *       "last_message": null,
                     *       "last_message_at": null,
                     *       "member_count": 2,
                     *       "members": [
                     *         {
                     *           "id": "alice",
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "desk:support",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "admin"
                     *         }
                     *       ],
                     *       "message_count": 0,
                     *       "rev": 0,
                     *       "state": "archived",
                     *       "title": null,
                     *       "unread": 0,
                     *       "updated_at": "2026-01-01T12:00:00.000Z",
                     *       "user": {
                     *         "id": "alice",
                     *         "name": "Alice",
                     *         "picture": null,
                     *         "type": "user"
                     *       },
                     *       "viewed_at": null,
                     *       "you": {
                     *         "hidden": false,
                     *         "member_id": "desk:support",
                     *         "muted": false,
                     *         "pinned": false,
                     *         "read": 0,
                     *         "unread": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not your desk */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More has come than was seen */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_changes: {
        parameters: {
            query?: {
                /** @description The `rev` that the client knows; 0, and so everything, unless given. */
                after_rev?: number;
                /** @description How many: 1 to 100, 50 unless given. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What has changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "has_more": false,
                     *       "messages": [
                     *         {
                     *           "body": "Hello, Bob!",
                     *           "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "deleted_at": null,
                     *           "edited_at": "2026-01-01T12:00:00.000Z",
                     *           "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *           "reactions": [],
                     *           "read_at": "2020-01-29T10:00:00.000Z",
                     *           "receiver_id": "bob",
                     *           "receiver_type": "user",
                     *           "rev": 3,
                     *           "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "sender_id": "alice",
                     *           "sender_type": "user",
                     *           "seq": 1,
                     *           "type": "text"
                     *         }
                     *       ],
                     *       "rev": 3
                     *     }
                     */
                    "application/json": components["schemas"]["ChangeList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_members: {
        parameters: {
            query?: {
                /** @description How many: 1 to 200, 50 unless given. */
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of members */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "members": [
                     *         {
                     *           "id": "carol",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "role": "member",
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "alice",
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "read": 0,
                     *           "role": "owner",
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "bob",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "role": "member",
                     *           "type": "user"
                     *         }
                     *       ],
                     *       "next": null
                     *     }
                     */
                    "application/json": components["schemas"]["MemberList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_members: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "members": [
                 *         "carol"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["AddMembers"];
            };
        };
        responses: {
            /** @description The room with its members */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "archived_at": null,
                     *       "channel": "private-room-5ee93abf-99df-85fa-90de-8b59899d3b3b-1",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "head": 0,
                     *       "id": "5ee93abf-99df-85fa-90de-8b59899d3b3b",
                     *       "kind": "group",
                     *       "last_message": null,
                     *       "last_message_at": null,
                     *       "member_count": 3,
                     *       "members": [
                     *         {
                     *           "id": "alice",
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "read": 0,
                     *           "role": "owner",
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "carol",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "role": "member",
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "bob",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "role": "member",
                     *           "type": "user"
                     *         }
                     *       ],
                     *       "message_count": 0,
                     *       "rev": 0,
                     *       "state": "active",
                     *       "title": null,
                     *       "updated_at": "2026-01-01T12:00:00.000Z",
                     *       "viewed_at": null,
                     *       "you": {
                     *         "hidden": false,
                     *         "member_id": "alice",
                     *         "muted": false,
                     *         "pinned": false,
                     *         "read": 0,
                     *         "unread": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Members come and go in groups alone */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The group would be too large */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
                /** @description The member, percent-encoded. */
                member_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No member any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the owner, or no group */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_messages: {
        parameters: {
            query?: {
                /** @description The messages just before this `seq`. */
                before?: number;
                /** @description The messages just after this `seq`. */
                after?: number;
                /** @description The messages on both sides of this `seq`. */
                around?: number;
                /** @description How many: 1 to 200, 50 unless given. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "has_more": false,
                     *       "head": 1,
                     *       "messages": [
                     *         {
                     *           "body": "Hello, Bob.",
                     *           "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "deleted_at": null,
                     *           "edited_at": null,
                     *           "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *           "reactions": [],
                     *           "receiver_id": "bob",
                     *           "receiver_type": "user",
                     *           "rev": 0,
                     *           "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "sender_id": "alice",
                     *           "sender_type": "user",
                     *           "seq": 1,
                     *           "type": "text"
                     *         }
                     *       ],
                     *       "rev": 0
                     *     }
                     */
                    "application/json": components["schemas"]["MessageList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "body": "Hello, Bob.",
                 *       "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10"
                 *     }
                 */
                "application/json": components["schemas"]["CreateMessage"];
            };
        };
        responses: {
            /** @description This client_id was seen before: the same message */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedMessage"];
                };
            };
            /** @description The stored message */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "body": "Hello, Bob.",
                     *       "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "deleted_at": null,
                     *       "delivered": true,
                     *       "edited_at": null,
                     *       "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *       "reactions": [],
                     *       "receiver_id": "bob",
                     *       "receiver_type": "user",
                     *       "rev": 0,
                     *       "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "sender_id": "alice",
                     *       "sender_type": "user",
                     *       "seq": 1,
                     *       "type": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["CreatedMessage"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Blocked */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This client_id was used for another message */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too often: try again after `Retry-After` */
            429: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
                /** @description The message's place in the room. */
                seq: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message as it is now: without a body */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "body": null,
                     *       "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "deleted_at": "2026-01-01T12:00:00.000Z",
                     *       "edited_at": null,
                     *       "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *       "reactions": [],
                     *       "receiver_id": "bob",
                     *       "receiver_type": "user",
                     *       "rev": 4,
                     *       "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "sender_id": "alice",
                     *       "sender_type": "user",
                     *       "seq": 1,
                     *       "type": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    edit_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
                /** @description The message's place in the room. */
                seq: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "body": "Hello, Bob!"
                 *     }
                 */
                "application/json": components["schemas"]["EditMessage"];
            };
        };
        responses: {
            /** @description The message as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "body": "Hello, Bob!",
                     *       "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "deleted_at": null,
                     *       "edited_at": "2026-01-01T12:00:00.000Z",
                     *       "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *       "reactions": [],
                     *       "receiver_id": "bob",
                     *       "receiver_type": "user",
                     *       "rev": 1,
                     *       "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "sender_id": "alice",
                     *       "sender_type": "user",
                     *       "seq": 1,
                     *       "type": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else's, or blocked */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The message was deleted */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_reaction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
                /** @description The message's place in the room. */
                seq: number;
                /** @description The emoji, percent-encoded: 1 to 16 characters. */
                emoji: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "body": "Hello, Bob!",
                     *       "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "deleted_at": null,
                     *       "edited_at": "2026-01-01T12:00:00.000Z",
                     *       "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *       "reactions": [
                     *         {
                     *           "count": 1,
                     *           "emoji": "👍",
                     *           "mine": true
                     *         }
                     *       ],
                     *       "receiver_id": "bob",
                     *       "receiver_type": "user",
                     *       "rev": 2,
                     *       "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "sender_id": "alice",
                     *       "sender_type": "user",
                     *       "seq": 1,
                     *       "type": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Blocked */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The message was deleted, or has too many emoji */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not an emoji */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_reaction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
                /** @description The message's place in the room. */
                seq: number;
                /** @description The emoji, percent-encoded: 1 to 16 characters. */
                emoji: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "body": "Hello, Bob!",
                     *       "client_id": "5f0c954e-6d9b-4c51-9a53-1c1a2f9d7b10",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "deleted_at": null,
                     *       "edited_at": "2026-01-01T12:00:00.000Z",
                     *       "id": "8570b4d9-50bf-8c72-a5b9-1efe4501f849",
                     *       "reactions": [],
                     *       "receiver_id": "bob",
                     *       "receiver_type": "user",
                     *       "rev": 3,
                     *       "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "sender_id": "alice",
                     *       "sender_type": "user",
                     *       "seq": 1,
                     *       "type": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Blocked */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The message was deleted */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not an emoji */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    report_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
                /** @description The message's place in the room. */
                seq: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "Rude"
                 *     }
                 */
                "application/json": components["schemas"]["ReportMessage"];
            };
        };
        responses: {
            /** @description The caller had reported this message before: that report */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description The report */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "id": "5c5e714a-5ed7-86bf-be43-8daab79ccfd4",
                     *       "reason": "Rude",
                     *       "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *       "seq": 1,
                     *       "state": "open"
                     *     }
                     */
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mark_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "seq": 1
                 *     }
                 */
                "application/json": components["schemas"]["MarkRead"];
            };
        };
        responses: {
            /** @description Where the mark is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "read": 1,
                     *       "unread": 0
                     *     }
                     */
                    "application/json": components["schemas"]["ReadMark"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    unarchive_room: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The room. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "seq": 0
                 *     }
                 */
                "application/json": components["schemas"]["Seen"] | null;
            };
        };
        responses: {
            /** @description The room, in the queue */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "archived_at": null,
                     *       "channel": "private-room-d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *       "created_at": "2026-01-01T12:00:00.000Z",
                     *       "head": 0,
                     *       "id": "d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *       "kind": "support",
                     *       "last_message": null,
                     *       "last_message_at": null,
                     *       "member_count": 2,
                     *       "members": [
                     *         {
                     *           "id": "alice",
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "user"
                     *         },
                     *         {
                     *           "id": "desk:support",
                     *           "name": null,
                     *           "picture": null,
                     *           "read": 0,
                     *           "type": "admin"
                     *         }
                     *       ],
                     *       "message_count": 0,
                     *       "rev": 0,
                     *       "state": "active",
                     *       "title": null,
                     *       "unread": 0,
                     *       "updated_at": "2026-01-01T12:00:00.000Z",
                     *       "user": {
                     *         "id": "alice",
                     *         "name": "Alice",
                     *         "picture": null,
                     *         "type": "user"
                     *       },
                     *       "viewed_at": null,
                     *       "you": {
                     *         "hidden": false,
                     *         "member_id": "desk:support",
                     *         "muted": false,
                     *         "pinned": false,
                     *         "read": 0,
                     *         "unread": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not your desk */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More has come than was seen */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sync: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "rooms": {
                 *         "c368ce42-3498-8141-b73f-7016956c8894": [
                 *           0,
                 *           0
                 *         ]
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Sync"];
            };
        };
        responses: {
            /** @description What has changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cursor": "MTc2NzI2ODc0MDAwMCAxNzY3MjY4ODAwMDAwIA",
                     *       "gone": [],
                     *       "has_more": false,
                     *       "rooms": [
                     *         {
                     *           "head": 2,
                     *           "id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "last_message": {
                     *             "created_at": "2020-01-29T10:00:00.000Z",
                     *             "deleted": false,
                     *             "preview": "Hello",
                     *             "sender_id": "alice",
                     *             "sender_type": "user",
                     *             "seq": 2
                     *           },
                     *           "rev": 0,
                     *           "unread": 0
                     *         },
                     *         {
                     *           "head": 0,
                     *           "id": "5ee93abf-99df-85fa-90de-8b59899d3b3b",
                     *           "last_message": null,
                     *           "rev": 0,
                     *           "unread": 0
                     *         },
                     *         {
                     *           "head": 0,
                     *           "id": "d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *           "last_message": null,
                     *           "rev": 0,
                     *           "unread": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Synced"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_users: {
        parameters: {
            query: {
                /**
                 * @description How one of the first four words of the name begins, and how it goes on: 1 to 100 characters. Case
                 *     does not matter.
                 */
                q: string;
                /** @description How many people: 1 to 100, 20 unless given. */
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of people */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": null,
                     *       "users": [
                     *         {
                     *           "email": null,
                     *           "id": "alice",
                     *           "joined_at": null,
                     *           "karma": null,
                     *           "name": "Alice",
                     *           "picture": null,
                     *           "type": "user"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PersonList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A guest, or the search is switched off */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too often: try again after `Retry-After` */
            429: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": null,
                     *       "id": "alice",
                     *       "joined_at": null,
                     *       "karma": null,
                     *       "name": "Alice",
                     *       "picture": null,
                     *       "type": "user"
                     *     }
                     */
                    "application/json": components["schemas"]["Person"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Oneself, erased after the token was made */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Nobody was ever seen under this id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "bob@mail.example",
                 *       "joined_at": "2024-06-10T08:00:00Z",
                 *       "karma": 120,
                 *       "name": "Bob Jones"
                 *     }
                 */
                "application/json": components["schemas"]["PutUser"];
            };
        };
        responses: {
            /** @description The person now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "bob@mail.example",
                     *       "id": "bob",
                     *       "joined_at": "2024-06-10T08:00:00.000Z",
                     *       "karma": 120,
                     *       "name": "Bob Jones",
                     *       "picture": null,
                     *       "type": "user"
                     *     }
                     */
                    "application/json": components["schemas"]["Person"];
                };
            };
            /** @description Not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too long */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not JSON by its type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    erase_user: {
        parameters: {
            query?: {
                /** @description `user` unless given. */
                type?: components["schemas"]["PrincipalType"];
            };
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Something is left; call again */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Nothing is left */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_user: {
        parameters: {
            query?: {
                /** @description `user` unless given. */
                type?: components["schemas"]["PrincipalType"];
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The application's own id, percent-encoded: 1 to 128 bytes. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the copy */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "blocks": [],
                     *       "next": null,
                     *       "profile": {
                     *         "email": "bob@mail.example",
                     *         "id": "bob",
                     *         "joined_at": "2024-06-10T08:00:00.000Z",
                     *         "karma": 120,
                     *         "name": "Bob Jones",
                     *         "picture": null,
                     *         "type": "user"
                     *       },
                     *       "rooms": [
                     *         {
                     *           "after": 0,
                     *           "id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "is_member": true,
                     *           "kind": "direct",
                     *           "member_id": "bob",
                     *           "messages": [],
                     *           "reactions": [],
                     *           "read": 2,
                     *           "reports": [
                     *             {
                     *               "created_at": "2026-01-01T12:00:00.000Z",
                     *               "id": "5c5e714a-5ed7-86bf-be43-8daab79ccfd4",
                     *               "reason": "Rude",
                     *               "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *               "seq": 1,
                     *               "state": "resolved"
                     *             }
                     *           ],
                     *           "title": null
                     *         },
                     *         {
                     *           "after": 0,
                     *           "id": "5ee93abf-99df-85fa-90de-8b59899d3b3b",
                     *           "is_member": true,
                     *           "kind": "group",
                     *           "member_id": "bob",
                     *           "messages": [],
                     *           "reactions": [],
                     *           "read": 0,
                     *           "reports": [],
                     *           "title": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LifePage"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not the application's own server */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_webhooks: {
        parameters: {
            query?: {
                /** @description `failed` unless given; or `pending`. */
                state?: "pending" | "failed";
                /** @description How many webhooks: 1 to 100, 20 unless given. */
                limit?: number;
                /** @description `next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of webhooks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "1767268800000.d272889b-b989-87b2-ba55-a15e61b44927",
                     *       "webhooks": [
                     *         {
                     *           "attempts": 1,
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "failed_at": "2026-01-01T12:00:00.000Z",
                     *           "id": "fcf02e1e-120b-89c4-8eb7-0259d04be088",
                     *           "last_status": 410,
                     *           "room_id": "d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *           "state": "failed",
                     *           "type": "room.archived"
                     *         },
                     *         {
                     *           "attempts": 1,
                     *           "created_at": "2026-01-01T12:00:00.000Z",
                     *           "failed_at": "2026-01-01T12:00:00.000Z",
                     *           "id": "d272889b-b989-87b2-ba55-a15e61b44927",
                     *           "last_status": 410,
                     *           "room_id": "c368ce42-3498-8141-b73f-7016956c8894",
                     *           "seq": 1,
                     *           "state": "failed",
                     *           "type": "message.created"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Neither the application's server nor a support agent */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A parameter is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replay_webhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "more": false,
                     *       "replayed": 6
                     *     }
                     */
                    "application/json": components["schemas"]["ReplayedWebhooks"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Neither the application's server nor a support agent */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No receiver is set */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replay_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What came of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "delivered": false,
                     *       "webhook": {
                     *         "attempts": 2,
                     *         "created_at": "2026-01-01T12:00:00.000Z",
                     *         "failed_at": "2026-01-01T12:00:00.000Z",
                     *         "id": "fcf02e1e-120b-89c4-8eb7-0259d04be088",
                     *         "last_status": 410,
                     *         "room_id": "d9f50089-0d22-829f-8d17-a6fc3be28fe6",
                     *         "state": "failed",
                     *         "type": "room.archived"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Replay"];
                };
            };
            /** @description No good token */
            401: {
                headers: {
                    /** @description `Bearer` */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Neither the application's server nor a support agent */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Absent, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No receiver is set */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Try again */
            503: {
                headers: {
                    /** @description In how many seconds to try again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
