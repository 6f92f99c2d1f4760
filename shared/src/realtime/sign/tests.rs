//! Known answers, taken from the official libraries' own tests or computed with another language's HMAC, and the
//! attacks on the boundaries between signed fields.

#![allow(clippy::unwrap_used, reason = "a test may fail right where it stands")]

use super::request::{Request, RequestRefused};
use super::{BadChannelName, BadSocketId, ChannelName, SocketId};
use crate::realtime::sign::Signer;
use crate::secret::Secret;

const KEY: &str = "278d425bdf160c739803";
const NOW: u64 = 1_353_088_179;
const TRIGGER: Request<'static> = Request {
    method: "POST",
    path: "/apps/3/events",
    query: "",
    body: br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#,
};

fn secret() -> Secret {
    Secret::new("7ad3773142a6692b25b8")
}

fn socket(id: &str) -> SocketId {
    id.parse().unwrap()
}

fn channel(name: &str) -> ChannelName<'_> {
    ChannelName::parse(name).unwrap()
}

/// Signs the usual trigger, lets `alter` change the query, and verifies the result.
fn verify_altered(alter: impl Fn(String) -> String, now: u64) -> Result<(), RequestRefused> {
    let secret = secret();
    let signer = Signer::new(KEY, &secret);
    let query = alter(signer.sign_request(&TRIGGER, NOW));
    signer.verify_request(&Request { query: &query, ..TRIGGER }, now)
}

#[test]
fn a_subscription_has_the_known_signature() {
    let secret = secret();
    let auth = Signer::new(KEY, &secret).channel_auth(
        &socket("1234.1234"),
        channel("private-foobar"),
        None,
    );
    assert_eq!(
        auth,
        format!("{KEY}:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4")
    );
}

#[test]
fn a_subscription_with_member_data_has_the_known_signature() {
    let secret = secret();
    let data = r#"{"user_id":"10","user_info":{"name":"Mr. Channels"}}"#;
    let auth = Signer::new(KEY, &secret).channel_auth(
        &socket("1234.1234"),
        channel("presence-foobar"),
        Some(data),
    );
    assert_eq!(
        auth,
        format!("{KEY}:4c6d8fc42a207ba96a0779844171b0bb819d96ffceef9609f5cce596ab17a800")
    );
}

#[test]
fn a_login_has_the_known_signature() {
    let secret = secret();
    let auth = Signer::new(KEY, &secret).user_auth(&socket("1234.1234"), r#"{"id":"12345"}"#);
    assert_eq!(
        auth,
        format!("{KEY}:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba")
    );
}

#[test]
fn a_trigger_has_the_known_signature() {
    let secret = secret();
    assert_eq!(
        Signer::new(KEY, &secret).sign_request(&TRIGGER, NOW),
        "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
         &body_md5=ec365a775a4cd0599faeb73354201b6f\
         &auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
    );
}

#[test]
fn a_webhook_has_the_known_signature() {
    let secret = Secret::new("secret");
    let signer = Signer::new("key", &secret);
    let signature = "2677ad3e7c090b2fa2c0fb13020d66d5420879b8316eb356a2d60fb9073bc778";
    assert_eq!(signer.webhook_signature(br#"{"hello":"world"}"#), signature);
    assert!(signer.verify_webhook(signature, br#"{"hello":"world"}"#));
    assert!(!signer.verify_webhook(signature, br#"{"hello":"World"}"#));
    assert!(!signer.verify_webhook("", br#"{"hello":"world"}"#));
}

#[test]
fn an_auth_verifies_for_its_own_socket_channel_and_data_only() {
    let secret = secret();
    let signer = Signer::new(KEY, &secret);
    let (mine, other) = (socket("1.1"), socket("1.2"));
    let auth = signer.channel_auth(&mine, channel("private-a"), None);
    assert!(signer.verify_channel_auth(&auth, &mine, channel("private-a"), None));
    assert!(!signer.verify_channel_auth(&auth, &other, channel("private-a"), None));
    assert!(!signer.verify_channel_auth(&auth, &mine, channel("private-b"), None));
    assert!(!signer.verify_channel_auth(&auth, &mine, channel("private-a"), Some("")));
    assert!(!signer.verify_channel_auth(&auth[KEY.len()..], &mine, channel("private-a"), None));
    assert!(!signer.verify_user_auth(&auth, &mine, "{}"));
    assert!(signer.verify_user_auth(&signer.user_auth(&mine, "{}"), &mine, "{}"));
}

/// Fault F19.
#[test]
fn a_channel_that_reads_like_a_login_cannot_be_signed() {
    // Joined, `123.456` and this channel are the very text of a login as user 45678.
    assert_eq!(ChannelName::parse(r#":user::{"id":"45678"}"#), Err(BadChannelName));
}

/// Fault F19.
#[test]
fn a_socket_id_that_reaches_into_the_channel_cannot_be_signed() {
    // Joined with any channel, this would start with a valid authorisation of private-other.
    assert_eq!(SocketId::parse("1.1:private-other"), Err(BadSocketId));
}

/// Fault F19.
#[test]
fn a_socket_id_is_ascii_digits_around_one_dot_and_nothing_else() {
    assert_eq!(SocketId::parse("123.456").unwrap(), SocketId::from_parts(123, 456));
    assert!(SocketId::parse(&SocketId::from_parts(u64::MAX, u64::MAX).to_string()).is_ok());
    for bad in [
        "", ".", "1", "1.", ".1", "1.2.3", "1.2\n", "\n1.2", " 1.2", "1.2 ", "+1.2", "1.-2", "١.٢",
        "1.²", "a.b",
    ] {
        assert_eq!(SocketId::parse(bad), Err(BadSocketId), "{bad:?}");
    }
    assert_eq!(SocketId::parse(&format!("1.{}", "2".repeat(40))), Err(BadSocketId));
}

/// Fault F19.
#[test]
fn a_channel_name_keeps_to_the_alphabet_and_the_length() {
    assert!(ChannelName::parse("private-Az09_-=@,.;").is_ok());
    assert!(ChannelName::parse(&"c".repeat(164)).is_ok());
    assert_eq!(ChannelName::parse(&"c".repeat(165)), Err(BadChannelName));
    for bad in ["", "a:b", "a b", "a\n", "é", "a/b", "#a", "a&b"] {
        assert_eq!(ChannelName::parse(bad), Err(BadChannelName), "{bad:?}");
    }
}

#[test]
fn a_signed_call_verifies_within_ten_minutes_of_its_timestamp() {
    for now in [NOW - 600, NOW, NOW + 600] {
        assert_eq!(verify_altered(|query| query, now), Ok(()));
    }
    for now in [NOW - 601, NOW + 601, 0, u64::MAX] {
        assert_eq!(verify_altered(|query| query, now), Err(RequestRefused::Timestamp));
    }
}

#[test]
fn an_altered_call_is_refused() {
    let altered = |from: &'static str, to: &'static str| {
        verify_altered(move |query| query.replace(from, to), NOW)
    };
    assert_eq!(altered(KEY, "other"), Err(RequestRefused::Key));
    assert_eq!(altered("=1.0", "=2.0"), Err(RequestRefused::Version));
    assert_eq!(altered("1353088179", "1353088180"), Err(RequestRefused::Signature));
    assert_eq!(altered("1353088179", "soon"), Err(RequestRefused::Timestamp));
    assert_eq!(altered("body_md5=ec", "body_md5=ce"), Err(RequestRefused::Body));
    assert_eq!(altered("body_md5", "md5"), Err(RequestRefused::Parameter("body_md5")));
    assert_eq!(altered("auth_signature=da", "auth_signature=ad"), Err(RequestRefused::Signature));
    assert_eq!(
        altered("auth_signature", "signature"),
        Err(RequestRefused::Parameter("auth_signature"))
    );
    assert_eq!(verify_altered(|query| query + "&more=1", NOW), Err(RequestRefused::Signature));
    assert_eq!(
        verify_altered(|query| query + "&AUTH_TIMESTAMP=1353088179", NOW),
        Err(RequestRefused::Parameter("auth_timestamp"))
    );
    assert_eq!(
        verify_altered(|_| String::new(), NOW),
        Err(RequestRefused::Parameter("auth_version"))
    );
}

#[test]
fn another_method_path_or_body_does_not_verify() {
    let secret = secret();
    let signer = Signer::new(KEY, &secret);
    let query = signer.sign_request(&TRIGGER, NOW);
    let signed = Request { query: &query, ..TRIGGER };
    let refused = |request: Request<'_>| signer.verify_request(&request, NOW).unwrap_err();
    assert_eq!(refused(Request { method: "PUT", ..signed }), RequestRefused::Signature);
    assert_eq!(refused(Request { path: "/apps/4/events", ..signed }), RequestRefused::Signature);
    assert_eq!(refused(Request { body: b"{}", ..signed }), RequestRefused::Body);
    assert_eq!(refused(Request { body: b"", ..signed }), RequestRefused::Body);
}

#[test]
fn values_are_signed_unescaped_and_parameters_sorted() {
    let secret = secret();
    let signer = Signer::new(KEY, &secret);
    let get = Request { method: "GET", path: "/apps/3/channels", query: "info=a%2Cb", body: b"" };
    let query = signer.sign_request(&get, NOW);
    assert!(query.starts_with("info=a%2Cb&auth_key="), "{query}");
    assert_eq!(signer.verify_request(&Request { query: &query, ..get }, NOW), Ok(()));
    assert_eq!(
        signer.verify_request(&Request { query: &query.replace("%2C", ","), ..get }, NOW),
        Ok(())
    );
    let mut parameters: Vec<_> = query.split('&').collect();
    parameters.reverse();
    assert_eq!(
        signer.verify_request(&Request { query: &parameters.join("&"), ..get }, NOW),
        Ok(())
    );
}

#[test]
fn a_get_that_carries_the_md5_of_nothing_passes() {
    let secret = secret();
    let query = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
                 &body_md5=d41d8cd98f00b204e9800998ecf8427e&info=user_count%2Csubscription_count\
                 &auth_signature=901cebf4225c0ab2bd285e055df7c288450e0753232a0807ec922b27cd1843fa";
    let get = Request { method: "GET", path: "/apps/3/channels/presence-a", query, body: b"" };
    assert_eq!(Signer::new(KEY, &secret).verify_request(&get, NOW), Ok(()));
}

#[test]
fn nothing_printed_shows_the_secret() {
    let secret = secret();
    assert!(!format!("{:?}", Signer::new(KEY, &secret)).contains(secret.expose()));
}
