//! Messages of HTTP/1.1 as they go by: where each ends, and the one header that matters here.

use std::io;

use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// The longest message that passes.
const MAX_MESSAGE: usize = 16 << 20;

/// A request that says so does not arrive twice: its sender could not tell the two apart.
pub(crate) const ONCE: &str = "x-once";

/// The next whole message, head and body; `None` at the end. Nobody here sends another before this was answered,
/// and all say how long their bodies are.
pub(crate) async fn message(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(2048);
    let mut whole = None;
    loop {
        if whole.is_none() {
            whole = length(&bytes);
        }
        match whole {
            Some(whole) if bytes.len() >= whole => return Ok(Some(bytes)),
            _ if bytes.len() > MAX_MESSAGE => return Err(io::ErrorKind::InvalidData.into()),
            _ => {}
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return if bytes.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
}

/// How long a message is of which this is the beginning, once its head is whole.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    Some(head + header(&bytes[..head], "content-length").and_then(|n| n.parse().ok()).unwrap_or(0))
}

/// Whether a request must not arrive twice.
pub(crate) fn says_once(request: &[u8]) -> bool {
    let head = request.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(request.len());
    header(&request[..head], ONCE).is_some()
}

/// A header's value.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = head.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut values = lines.filter_map(|line| line.split_once(':'));
    values.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_its_head_says() {
        let message = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nX-Once: 1\r\n\r\nabc";
        assert_eq!(length(message), Some(message.len()));
        assert_eq!(length(&message[..20]), None);
        assert!(says_once(message));
        assert_eq!(length(b"HTTP/1.1 204 No Content\r\n\r\n"), Some(27));
        assert!(!says_once(b"POST / HTTP/1.1\r\n\r\nx-once: 1\r\n"));
    }
}
