//! What a password may be.

use kit::error::InvalidField;
use kit::id::Secret;
use unicode_normalization::UnicodeNormalization;

const CODE_POINTS_MIN: usize = 8;
const CODE_POINTS_MAX: usize = 128;
const BYTES_MAX: usize = 512;

/// A password in normal form (NFKC), so that the same keys pressed on another system give the same password.
#[derive(Debug, Clone)]
pub struct Password(Secret);

impl Password {
    /// A password to be set: 8 to 128 code points, at most 512 bytes, anything in it.
    pub fn chosen(text: &str) -> Result<Self, InvalidField> {
        let wrong = InvalidField::new("password", "must be 8 to 128 characters and at most 512 bytes");
        if text.len() > BYTES_MAX {
            return Err(wrong);
        }
        let normal = Self::normal(text);
        let code_points = normal.0.expose().chars().count();
        let fits = (CODE_POINTS_MIN..=CODE_POINTS_MAX).contains(&code_points) && normal.0.expose().len() <= BYTES_MAX;
        if fits { Ok(normal) } else { Err(wrong) }
    }

    /// A password to be tried. One too long to have been set becomes the empty one, which nobody can have set.
    pub fn tried(text: &str) -> Self {
        if text.len() > BYTES_MAX { Self(Secret::new("")) } else { Self::normal(text) }
    }

    /// What is hashed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }

    fn normal(text: &str) -> Self {
        Self(Secret::new(text.nfkc().collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_code_points_and_bounded_in_bytes() {
        let long = "x".repeat(129);
        for good in ["12345678", &"x".repeat(128), &"é".repeat(128), "日本語の合言葉です"] {
            assert!(Password::chosen(good).is_ok(), "{good}");
        }
        for bad in ["", "1234567", &long, &"😀".repeat(129)] {
            assert_eq!(Password::chosen(bad).expect_err(bad).field, "password");
        }
    }

    #[test]
    fn two_spellings_of_the_same_text_are_one_password() {
        let composed = Password::chosen("caf\u{e9} au lait").unwrap();
        let decomposed = Password::tried("cafe\u{301} au lait");

        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
    }
}
