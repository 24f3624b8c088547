//! What the message of a failure must not show: the suite's secrets, and the credentials that a request was sent with.

use std::ops::Range;

use memchr::memmem;

use super::user::User;
use crate::output::Secrets;

const MASK: &str = "***";
/// A shorter part of a credential, or value of a cookie, is a common word as likely as not.
const TELLING: usize = 8;

/// What must not be shown of one exchange. Messages quote what a service said, and services quote what they were sent. It is masked
/// before a text is shortened: of a secret that is cut nobody could tell any more that it is one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hidden<'a> {
    secrets: Option<&'a Secrets>,
    /// The head of the request, or nothing; what comes behind it is not looked at.
    head: &'a [u8],
}

impl<'a> Hidden<'a> {
    /// What a user's messages must not show.
    pub(crate) fn of(user: &'a User) -> Self {
        Self { secrets: Some(&user.seat.shared.secrets), head: &[] }
    }

    /// The suite's secrets alone.
    pub(crate) fn secrets(secrets: &'a Secrets) -> Self {
        Self { secrets: Some(secrets), head: &[] }
    }

    /// The same and the values of `authorization` and `cookie` headers of this request.
    pub(crate) fn and_of(self, head: &'a [u8]) -> Self {
        Self { head, ..self }
    }

    /// The shown part of a text with every secret that reaches into it masked as a whole.
    pub(crate) fn part(&self, text: &[u8], shown: Range<usize>) -> Vec<u8> {
        let places = |form: &'a [u8]| memmem::find_iter(text, form).map(move |at| at..at + form.len());
        let mut hidden: Vec<Range<usize>> = self
            .forms()
            .flat_map(|form| places(form).collect::<Vec<_>>())
            .filter(|place| place.start < shown.end && place.end > shown.start)
            .collect();
        hidden.sort_by_key(|place| place.start);
        let mut out = Vec::new();
        let mut at = shown.start;
        let mut within = 0;
        for place in hidden {
            if place.start >= within {
                out.extend_from_slice(&text[at..place.start.max(at)]);
                out.extend_from_slice(MASK.as_bytes());
            }
            within = within.max(place.end);
            at = at.max(place.end);
        }
        out.extend_from_slice(&text[at.min(shown.end)..shown.end]);
        out
    }

    /// How far beyond its shown part a text must be known.
    pub(crate) fn longest(&self) -> usize {
        self.forms().map(<[u8]>::len).max().unwrap_or(0)
    }

    /// The first characters of a message.
    pub(crate) fn beginning(&self, text: &str, characters: usize) -> String {
        let shown = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
        String::from_utf8_lossy(&self.part(text.as_bytes(), 0..shown)).into_owned()
    }

    /// A whole message that may quote what was cut off already: also the beginning of a secret at its end is masked.
    pub(crate) fn message(&self, message: &str) -> String {
        let mut message = self.beginning(message, usize::MAX);
        let end = message.trim_end_matches(['"', '…']).len();
        let cut = |form: &[u8]| {
            let lengths = (TELLING..form.len()).rev();
            lengths.into_iter().find(|n| message.as_bytes()[..end].ends_with(&form[..*n]))
        };
        if let Some(length) = self.forms().filter_map(cut).max()
            && message.is_char_boundary(end - length)
        {
            message.replace_range(end - length..end, MASK);
        }
        message
    }

    /// All that is to be masked. Short secrets are masked in the report, where they stand as words of their own.
    fn forms(&self) -> impl Iterator<Item = &'a [u8]> {
        let secrets = self.secrets.into_iter().flat_map(Secrets::long);
        secrets.map(str::as_bytes).chain(credentials(self.head))
    }
}

/// The values of `authorization` and `cookie` headers, and what of them may stand alone: without the scheme, and cookie by cookie.
fn credentials(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = head.split(|byte| *byte == b'\n').skip(1).map(<[u8]>::trim_ascii);
    let values = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let secret = [&b"authorization"[..], b"proxy-authorization", b"cookie"];
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        secret.iter().any(|secret| name.eq_ignore_ascii_case(secret)).then_some(value)
    });
    let parts = values.flat_map(|value| {
        let token = value.splitn(2, |byte| *byte == b' ').nth(1);
        let cookies = value
            .split(|byte| *byte == b';')
            .filter_map(|cookie| cookie.splitn(2, |byte| *byte == b'=').nth(1));
        std::iter::once(value).chain(token).chain(cookies)
    });
    parts.map(<[u8]>::trim_ascii).filter(|form| form.len() >= TELLING)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] =
        b"POST /a HTTP/1.1\r\nAuthorization: Basic Y2k6aHVzaA==\r\ncookie: theme=dark; sid=0123456789\r\n\
        x: y\r\n\r\ncookie: of-the-body-it-is\r\n";

    #[track_caller]
    fn check(text: &str, shown: Range<usize>, masked: &str) {
        let secrets = Secrets::new(["s3cr3t-value", "value-of-another", "abc"]);
        let hidden = Hidden::secrets(&secrets).and_of(HEAD);
        assert_eq!(String::from_utf8(hidden.part(text.as_bytes(), shown)).unwrap(), masked);
    }

    #[test]
    fn secrets_are_masked_before_a_text_is_cut() {
        check("is s3cr3t-value.", 0..16, "is ***.");
        // Cut off at the end, at the beginning, on both sides, and beside what is shown.
        check("is s3cr3t-value.", 0..8, "is ***");
        check("is s3cr3t-value.", 8..16, "***.");
        check("is s3cr3t-value.", 5..9, "***");
        check("s3cr3t-value and s3cr3t-value", 12..17, " and ");
        // Two that overlap are one; a short one is left to the report.
        check("(s3cr3t-value-of-another) abc", 0..29, "(***) abc");
        check("s3cr3t-values3cr3t-value", 0..24, "******");
    }

    #[test]
    fn credentials_are_those_of_the_head() {
        check("Authorization: Basic Y2k6aHVzaA==; Y2k6aHVzaA==", 0..47, "Authorization: ***; ***");
        check("theme=dark; sid=0123456789 | 0123456789 | dark", 0..46, "*** | *** | dark");
        check("of-the-body-it-is", 0..17, "of-the-body-it-is");
    }

    #[test]
    fn the_beginning_of_a_secret_at_the_end_of_a_message_is_masked() {
        let secrets = Secrets::new(["s3cr3t-value"]);
        let hidden = Hidden::secrets(&secrets);
        for (message, masked) in [
            ("it begins with \"x s3cr3t-va\"", "it begins with \"x ***\""),
            ("x s3cr3t-va…", "x ***…"),
            ("x s3cr3t-value y s3cr3t-", "x *** y s3cr3t-"),
        ] {
            assert_eq!(hidden.message(message), masked);
        }
    }
}
