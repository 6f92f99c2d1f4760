//! The words of mails, by language.

use std::str::FromStr;

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// Arabic, from right to left.
    Arabic,
}

/// The words of a mail and of the page on which one gets no more of them.
pub(super) struct Words {
    /// Where `{name}` has written.
    pub(super) subject: &'static str,
    pub(super) greeting: &'static str,
    /// To somebody whose name is not known.
    pub(super) greeting_nobody: &'static str,
    pub(super) introduction: &'static str,
    /// Where `{count}` messages are not shown.
    pub(super) more: &'static str,
    pub(super) read: &'static str,
    pub(super) unsubscribe: &'static str,
    pub(super) ask: &'static str,
    pub(super) done: &'static str,
    pub(super) invalid: &'static str,
}

const ENGLISH: Words = Words {
    subject: "New reply from {name}",
    greeting: "Hello {name},",
    greeting_nobody: "Hello,",
    introduction: "You have not read this yet:",
    more: "… and {count} more.",
    read: "Read and reply",
    unsubscribe: "Send me no more mails like this",
    ask: "Do you want no more mails about messages that you have not read?",
    done: "You will get no more mails about messages that you have not read.",
    invalid: "This link is not valid. Please use the whole link of the mail.",
};

const GERMAN: Words = Words {
    subject: "Neue Antwort von {name}",
    greeting: "Hallo {name},",
    greeting_nobody: "Guten Tag,",
    introduction: "Das haben Sie noch nicht gelesen:",
    more: "… und {count} weitere.",
    read: "Lesen und antworten",
    unsubscribe: "Keine solchen E-Mails mehr senden",
    ask: "Möchten Sie keine E-Mails mehr über Nachrichten, die Sie nicht gelesen haben?",
    done: "Sie erhalten keine E-Mails mehr über Nachrichten, die Sie nicht gelesen haben.",
    invalid: "Dieser Link ist ungültig. Bitte verwenden Sie den ganzen Link aus der E-Mail.",
};

const ARABIC: Words = Words {
    subject: "رد جديد من {name}",
    greeting: "مرحبًا {name}،",
    greeting_nobody: "مرحبًا،",
    introduction: "لم تقرأ هذا بعد:",
    more: "… و{count} رسائل أخرى.",
    read: "القراءة والرد",
    unsubscribe: "لا ترسلوا لي مثل هذه الرسائل بعد الآن",
    ask: "هل تريد إيقاف رسائل البريد الإلكتروني حول الرسائل غير المقروءة؟",
    done: "لن تصلك بعد الآن رسائل بريد إلكتروني حول الرسائل غير المقروءة.",
    invalid: "هذا الرابط غير صالح. يرجى استخدام الرابط الكامل من البريد.",
};

impl Language {
    /// The language of a tag (BCP 47), whatever its region; `None` where mails are not written in it.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            "ar" => Some(Self::Arabic),
            _ => None,
        }
    }

    /// Its tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Arabic => "ar",
        }
    }

    /// In which direction it is written, as HTML says it.
    pub(super) fn direction(self) -> &'static str {
        if self == Self::Arabic { "rtl" } else { "ltr" }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::Arabic => &ARABIC,
        }
    }
}

/// A tag of no language that mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a language that mails are written in: en, de or ar")]
pub struct BadLanguage;

impl FromStr for Language {
    type Err = BadLanguage;

    fn from_str(tag: &str) -> Result<Self, BadLanguage> {
        Self::of_tag(tag).ok_or(BadLanguage)
    }
}
