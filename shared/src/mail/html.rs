//! Text in HTML.

/// A text as HTML shows it, in an element or in an attribute's quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // No page and no mail may hold these (HTML standard, section 13.2.3.5).
            control if control.is_control() && control != '\n' => html.push('\u{fffd}'),
            letter => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_text_but_its_end() {
        assert_eq!(
            escaped("<img src=x onerror='a()'> & \"b\"\u{0}"),
            "&lt;img src=x onerror=&#39;a()&#39;&gt; &amp; &quot;b&quot;\u{fffd}"
        );
    }
}
