//! The whole URL table of this function.

use axum::{
    Router,
    routing::{delete, get, patch, post, put},
};
use shared::http::{Problem, Shared};
use utoipa::OpenApi;

use crate::routes::{
    blocks, changes, desk, groups, guests, health, import, listings, mail, me, members, messages,
    openapi as document, reactions, read, reports, rooms, sync, users, webhooks,
};

/// The table.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/openapi.json", get(document::openapi))
        .route("/v1/me", get(me::get_me))
        .route("/v1/me/mail", get(mail::get_mail).put(mail::put_mail))
        .route("/v1/rooms", get(rooms::list_rooms).post(rooms::open_room))
        .route(
            "/v1/rooms/{id}",
            get(rooms::get_room).patch(rooms::change_room).delete(rooms::delete_room),
        )
        .route("/v1/rooms/{id}/archive", post(rooms::archive_room))
        .route("/v1/rooms/{id}/unarchive", post(rooms::unarchive_room))
        .route("/v1/rooms/{id}/members", get(members::list_members).post(members::add_members))
        .route("/v1/rooms/{id}/members/{member_id}", delete(members::remove_member))
        .route(
            "/v1/rooms/{id}/messages",
            get(messages::list_messages).post(messages::create_message),
        )
        .route(
            "/v1/rooms/{id}/messages/{seq}",
            patch(messages::edit_message).delete(messages::delete_message),
        )
        .route(
            "/v1/rooms/{id}/messages/{seq}/reactions/{emoji}",
            put(reactions::put_reaction).delete(reactions::delete_reaction),
        )
        .route("/v1/rooms/{id}/changes", get(changes::list_changes))
        .route("/v1/rooms/{id}/messages/{seq}/report", post(reports::report_message))
        .route("/v1/rooms/{id}/read", put(read::mark_read))
        .route("/v1/reports", get(reports::list_reports))
        .route("/v1/reports/{id}/resolve", post(reports::resolve_report))
        .route("/v1/desk/rooms", get(desk::list_desk_rooms))
        .route("/v1/sync", post(sync::sync))
        .route("/v1/users", get(users::list_users))
        .route(
            "/v1/users/{id}",
            get(users::get_user).put(users::put_user).delete(users::erase_user),
        )
        .route("/v1/users/{id}/export", get(users::export_user))
        .route("/v1/blocks", get(blocks::list_blocks))
        .route("/v1/blocks/{id}", put(blocks::put_block).delete(blocks::delete_block))
        .route("/v1/mail/unsubscribe", get(mail::show_unsubscribe).post(mail::unsubscribe))
        .route("/v1/guests", post(guests::create_guest))
        .route("/v1/guests/merge", post(guests::merge_guest))
        .route("/v1/listings/{id}", put(listings::put_listing))
        .route("/v1/groups/{id}", put(groups::put_group))
        .route("/v1/import/rooms", post(import::import_room))
        .route(
            "/v1/import/rooms/{id}/messages",
            get(import::list_imported).post(import::import_messages),
        )
        .route("/v1/webhooks", get(webhooks::list_webhooks))
        .route("/v1/webhooks/replay", post(webhooks::replay_webhooks))
        .route("/v1/webhooks/{id}/replay", post(webhooks::replay_webhook))
}

/// What the table's routes say of themselves.
#[derive(OpenApi)]
#[openapi(
    components(schemas(Problem)),
    paths(
        health::healthz,
        document::openapi,
        me::get_me,
        mail::get_mail,
        mail::put_mail,
        mail::show_unsubscribe,
        mail::unsubscribe,
        rooms::list_rooms,
        rooms::open_room,
        rooms::get_room,
        rooms::change_room,
        rooms::delete_room,
        rooms::archive_room,
        rooms::unarchive_room,
        members::list_members,
        members::add_members,
        members::remove_member,
        messages::list_messages,
        messages::create_message,
        messages::edit_message,
        messages::delete_message,
        reactions::put_reaction,
        reactions::delete_reaction,
        changes::list_changes,
        read::mark_read,
        reports::report_message,
        reports::list_reports,
        reports::resolve_report,
        desk::list_desk_rooms,
        sync::sync,
        users::list_users,
        users::get_user,
        users::put_user,
        users::erase_user,
        users::export_user,
        blocks::list_blocks,
        blocks::put_block,
        blocks::delete_block,
        guests::create_guest,
        guests::merge_guest,
        listings::put_listing,
        groups::put_group,
        import::import_room,
        import::import_messages,
        import::list_imported,
        webhooks::list_webhooks,
        webhooks::replay_webhook,
        webhooks::replay_webhooks,
    )
)]
struct Document;

/// This function's part of the OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
