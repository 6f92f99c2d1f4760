//! A mail about what somebody has not read, as plain text and as HTML.

use super::{Language, Mailbox, html::escaped};

/// How many of the unread messages a mail holds: the newest.
pub const MOST_LINES: usize = 10;
/// How much of each, in characters.
pub const LINE_CHARS: usize = 200;

/// A mail, ready to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its id: the same, however often it is sent, so that a second one can be told (RFC 5322, section 3.6.4).
    pub id: String,
    /// Who writes.
    pub from: Mailbox,
    /// To whom.
    pub to: Mailbox,
    /// What about.
    pub subject: String,
    /// In plain text.
    pub text: String,
    /// In HTML.
    pub html: String,
    /// Where one gets no more (RFC 8058).
    pub unsubscribe: String,
}

/// An unread message as a mail shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it.
    pub sender: String,
    /// Its beginning.
    pub text: String,
}

/// What somebody has not read, and where to.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The mail's id.
    pub id: String,
    /// Who writes.
    pub from: Mailbox,
    /// To whom.
    pub to: Mailbox,
    /// In which language.
    pub language: Language,
    /// The newest of the messages, oldest first.
    pub lines: Vec<Line>,
    /// How many more there are.
    pub more: usize,
    /// Where the room is read.
    pub room_url: String,
    /// Where one gets no more of these.
    pub unsubscribe: String,
}

impl Unread {
    /// The mail about it.
    pub fn letter(self) -> Letter {
        let words = self.language.words();
        let writer = self.lines.last().map_or("", |line| line.sender.as_str());
        let subject = words.subject.replace("{name}", writer);
        let (text, html) = (self.text(), self.html(&subject));
        let Self { id, from, to, unsubscribe, .. } = self;
        Letter { id, from, to, subject, text, html, unsubscribe }
    }

    fn greeting(&self) -> String {
        let words = self.language.words();
        match &self.to.name {
            Some(name) => words.greeting.replace("{name}", name),
            None => words.greeting_nobody.to_owned(),
        }
    }

    fn more(&self) -> Option<String> {
        let words = self.language.words();
        (self.more > 0).then(|| words.more.replace("{count}", &self.more.to_string()))
    }

    fn text(&self) -> String {
        let words = self.language.words();
        let mut parts = vec![self.greeting(), words.introduction.to_owned()];
        parts.extend(self.lines.iter().map(|line| format!("{}: {}", line.sender, line.text)));
        parts.extend(self.more());
        parts.push(format!("{}: {}", words.read, self.room_url));
        parts.push(format!("--\n{}: {}", words.unsubscribe, self.unsubscribe));
        parts.join("\n\n") + "\n"
    }

    /// Mail programs know neither style sheets nor scripts: all is said at each element.
    fn html(&self, subject: &str) -> String {
        let words = self.language.words();
        let line = |line: &Line| {
            format!(
                "<div style=\"margin:0 0 12px;padding:12px 14px;background:#f1f3f7;border-radius:10px\">\
                 <div style=\"color:#5a6373;font-size:13px\">{}</div>\
                 <div style=\"white-space:pre-wrap;overflow-wrap:anywhere\" dir=\"auto\">{}</div></div>",
                escaped(&line.sender),
                escaped(&line.text)
            )
        };
        let paragraph = |text: &str| format!("<p style=\"margin:0 0 14px\">{}</p>", escaped(text));
        let lines: String = self.lines.iter().map(line).collect();
        let more = self.more().map(|more| paragraph(&more)).unwrap_or_default();
        format!(
            "<!doctype html>\n<html lang=\"{tag}\" dir=\"{direction}\"><head><meta charset=\"utf-8\">\
             <title>{title}</title></head>\
             <body style=\"margin:0;padding:24px;background:#ffffff;color:#1d2330;\
             font:16px/1.5 -apple-system,'Segoe UI',Roboto,sans-serif\">\
             <div style=\"max-width:560px;margin:0 auto\">{greeting}{introduction}{lines}{more}\
             <p style=\"margin:22px 0\"><a href=\"{room}\" style=\"display:inline-block;padding:11px 18px;\
             background:#1f4fd8;color:#ffffff;text-decoration:none;border-radius:8px\">{read}</a></p>\
             <p style=\"margin:28px 0 0;font-size:13px\"><a href=\"{unsubscribe}\" \
             style=\"color:#5a6373\">{stop}</a></p></div></body></html>\n",
            tag = self.language.tag(),
            direction = self.language.direction(),
            title = escaped(subject),
            greeting = paragraph(&self.greeting()),
            introduction = paragraph(words.introduction),
            room = escaped(&self.room_url),
            read = escaped(words.read),
            unsubscribe = escaped(&self.unsubscribe),
            stop = escaped(words.unsubscribe),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(language: Language) -> Unread {
        let line = |text: &str| Line { sender: "Shop <b>".into(), text: text.into() };
        Unread {
            id: "1".into(),
            from: Mailbox::new(Some("Shop"), "support@shop.example").unwrap(),
            to: Mailbox::new(Some("Ann & co"), "ann@mail.example").unwrap(),
            language,
            lines: vec![line("one"), line("<script>alert(1)</script>")],
            more: 3,
            room_url: "https://shop.example/?a=1&room=2".into(),
            unsubscribe: "https://api.shop.example/v1/mail/unsubscribe?token=t".into(),
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        for language in [Language::English, Language::German, Language::Arabic] {
            let letter = unread(language).letter();
            for part in ["one", "alert(1)", "3", "Ann", "unsubscribe?token=t"] {
                assert!(letter.text.contains(part), "{part}: {}", letter.text);
                assert!(letter.html.contains(part), "{part}: {}", letter.html);
            }
            assert!(letter.subject.contains("Shop <b>"), "{}", letter.subject);
        }
    }

    /// Fault F20.
    #[test]
    fn what_somebody_wrote_is_text_in_html() {
        let html = unread(Language::English).letter().html;
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        assert!(html.contains("href=\"https://shop.example/?a=1&amp;room=2\""), "{html}");
    }

    #[test]
    fn what_is_written_from_right_to_left_is_shown_so() {
        assert!(unread(Language::Arabic).letter().html.contains("<html lang=\"ar\" dir=\"rtl\">"));
    }
}
