//! What came back.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

use crate::{Answered, answer_fault};

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body read as JSON; null when it is none.
    pub json: Value,
    /// What was asked, for messages of failing tests.
    asked: String,
}

impl Answer {
    /// Sends a request and reads its answer to the end, which must be as docs/openapi.json says.
    ///
    /// # Errors
    /// When no whole answer came: refused, broken off.
    pub async fn to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let (client, request) = request.build_split();
        let request = request?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        let answer = Self { status, headers, text, json, asked: format!("{method} {path}") };
        let content_type = answer.header("content-type");
        let answered = Answered { status, content_type, json: &answer.json };
        assert_eq!(
            answer_fault(method.as_str(), &path, &answered),
            None,
            "docs/openapi.json is wrong"
        );
        Ok(answer)
    }

    /// The JSON body of an answer that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        self.json
    }

    /// A header's value, if it is there once and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The stable `code` of an answer that must be a problem of this status (RFC 9457).
    #[track_caller]
    pub fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        assert_eq!(self.json["status"], status, "{self}");
        for key in ["type", "title", "detail"] {
            assert!(self.json[key].is_string(), "no {key}: {self}");
        }
        self.json["code"].as_str().unwrap_or_else(|| panic!("no code: {self}"))
    }

    /// The fields that an answer of status 422 complains about.
    #[track_caller]
    pub fn wrong_fields(&self) -> Vec<&str> {
        self.problem(422);
        let errors = self.json["errors"].as_array().unwrap_or_else(|| panic!("no errors: {self}"));
        for error in errors {
            assert!(error["message"].is_string(), "no message: {self}");
        }
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: String = self.text.chars().take(2_000).collect();
        write!(f, "{} answered {}: {shown}", self.asked, self.status)
    }
}
