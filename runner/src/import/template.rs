//! Texts of a suite that hold imported text: literal, whatever characters it has, with references to variables between.

/// A text in the suite language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Variable(String),
}

impl Template {
    /// A text that means itself.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Literal(text.into())] }
    }

    /// The value of a variable of the suite.
    pub fn variable(name: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Variable(name.into())] }
    }

    /// Adds literal text.
    pub fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }

    /// Adds another text.
    pub fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Literal(text) => self.push(&text),
                Piece::Variable(_) => self.pieces.push(piece),
            }
        }
    }

    /// The text itself, where it has no variables.
    pub fn constant(&self) -> Option<&str> {
        match &self.pieces[..] {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// As a suite writes it, before YAML's own quoting.
    ///
    /// In literal text, `{` is written as a value of its own where it would begin a place for a value, a statement or a
    /// comment; and `${` is written `$${`, since `${NAME}` reads the environment.
    pub fn source(&self) -> String {
        let mut out = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Variable(name) => {
                    out.push_str("{{ vars.");
                    out.push_str(name);
                    out.push_str(" }}");
                }
                Piece::Literal(text) => {
                    let is_followed = index + 1 < self.pieces.len();
                    let mut chars = text.chars().peekable();
                    while let Some(c) = chars.next() {
                        let begins = match chars.peek() {
                            Some(next) => matches!(next, '{' | '%' | '#'),
                            None => is_followed,
                        };
                        if c == '{' && begins {
                            out.push_str("{{ '{' }}");
                        } else {
                            out.push(c);
                        }
                    }
                }
            }
        }
        out.replace("${", "$${")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_suite_is_written_so_that_it_does_not() {
        for (text, want) in [
            ("plain { text }", "plain { text }"),
            ("{{ x }}", "{{ '{' }}{ x }}"),
            ("{% if %}", "{{ '{' }}% if %}"),
            ("{# c", "{{ '{' }}# c"),
            ("{{{", "{{ '{' }}{{ '{' }}{"),
            ("${HOME}", "$${HOME}"),
            ("$${{", "$$${{ '{' }}{"),
        ] {
            assert_eq!(Template::literal(text).source(), want);
        }
        let mut text = Template::literal("a{");
        text.append(Template::variable("b"));
        text.push("}$");
        text.append(Template::variable("c"));
        assert_eq!(text.source(), "a{{ '{' }}{{ vars.b }}}$${{ vars.c }}");
    }
}
