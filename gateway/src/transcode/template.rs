//! Path templates of `google.api.http`, flattened to what a matcher needs.
//!
//! The grammar is `http_path_template`'s; this only lays variables out over the segments they cover.

use std::sync::Arc;

use http_path_template::{Grammar, PathTemplate, Segment};

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// Exactly this text, as it stands in the request line.
    Literal(String),
    /// Any one segment that is not empty.
    Single,
    /// Any number of segments, none of them empty; always last.
    Rest,
}

/// A variable and the atoms that it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Dotted field path: `session.id`.
    pub field_path: String,
    /// Index of its first atom.
    pub first: usize,
    /// How many atoms it covers, at least one.
    pub atoms: usize,
    /// Whether it is exactly one `*`, so that its value is fully decoded.
    pub is_single: bool,
    /// Whether it ends in `**`, so that its value reaches to the end of the path.
    pub is_open: bool,
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// As written.
    pub text: Arc<str>,
    /// Its segments, variables laid open.
    pub atoms: Vec<Atom>,
    /// Its variables, in order.
    pub variables: Vec<Variable>,
    /// What follows the last `:`.
    pub verb: Option<String>,
}

impl Template {
    /// Parses `text`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parsed = PathTemplate::parse(text, Grammar::default()).map_err(|error| error.to_string())?;
        let mut template = Self {
            text: text.into(),
            atoms: Vec::new(),
            variables: Vec::new(),
            verb: parsed.verb().map(str::to_owned),
        };
        for segment in parsed.segments() {
            template.push(*segment)?;
        }
        Ok(template)
    }

    fn push(&mut self, segment: Segment<'_>) -> Result<(), String> {
        match segment {
            Segment::Literal(text) => self.atoms.push(Atom::Literal(text.to_owned())),
            Segment::Single => self.atoms.push(Atom::Single),
            Segment::Rest => self.atoms.push(Atom::Rest),
            Segment::Variable(variable) => {
                let first = self.atoms.len();
                for inner in variable.segments() {
                    self.push(inner)?;
                }
                self.variables.push(Variable {
                    field_path: variable.field_path().to_owned(),
                    first,
                    atoms: self.atoms.len() - first,
                    is_single: self.atoms[first..] == [Atom::Single],
                    is_open: self.atoms.last() == Some(&Atom::Rest),
                });
            }
            other => return Err(format!("{other:?} is not supported")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Atom {
        Atom::Literal(text.to_owned())
    }

    #[test]
    fn a_variable_covers_the_segments_inside_it() {
        let template = Template::parse("/v1/{name=shelves/*/books/*}:move").unwrap();

        assert_eq!(template.atoms, [literal("v1"), literal("shelves"), Atom::Single, literal("books"), Atom::Single]);
        assert_eq!(template.verb.as_deref(), Some("move"));
        let [name] = template.variables.as_slice() else { panic!("one variable") };
        assert_eq!((name.first, name.atoms, name.is_single), (1, 4, false));
    }

    #[test]
    fn the_short_form_is_one_segment() {
        let template = Template::parse("/v1/users/{user.id}/{rest=**}").unwrap();

        assert!(template.variables[0].is_single);
        assert_eq!(template.variables[0].field_path, "user.id");
        assert_eq!(template.atoms[3], Atom::Rest);
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in ["v1", "/v1/", "/v1//a", "/{a=**}/b", "/{a={b}}", "/v1/{a", "/v1:", "/a*b"] {
            assert!(Template::parse(wrong).is_err(), "{wrong} must not parse");
        }
    }
}
