//! Percent-encoding, decoded strictly: a malformed escape or broken UTF-8 is an error, never a guess.

/// Why a piece of a URL cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EscapeError {
    /// A `%` without two hexadecimal digits.
    #[error("% must be followed by two hexadecimal digits")]
    Malformed,
    /// The decoded bytes are not UTF-8.
    #[error("must be UTF-8 once percent-decoded")]
    NotUtf8,
    /// U+0000.
    #[error("must not contain the NUL character")]
    Nul,
}

/// What one occurrence of a delimiter means when it is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decode {
    /// Everything is decoded: a value of one path segment.
    Segment,
    /// `%2F` stays as it was sent: in a value of several segments it is data, and `/` is not.
    Segments,
    /// Everything is decoded and `+` is a space: a piece of a query.
    Query,
}

/// Decodes `raw`, once.
pub(super) fn decode(raw: &str, how: Decode) -> Result<String, EscapeError> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => {
                let escape = tail.get(..2).ok_or(EscapeError::Malformed)?;
                let value = hexadecimal(escape).ok_or(EscapeError::Malformed)?;
                rest = &tail[2..];
                if how == Decode::Segments && value == b'/' {
                    decoded.push(b'%');
                    decoded.extend_from_slice(escape);
                } else {
                    decoded.push(value);
                }
            }
            b'+' if how == Decode::Query => decoded.push(b' '),
            byte => decoded.push(byte),
        }
    }
    if decoded.contains(&0) {
        return Err(EscapeError::Nul);
    }
    String::from_utf8(decoded).map_err(|_| EscapeError::NotUtf8)
}

fn hexadecimal(escape: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(escape[0])? * 16 + digit(escape[1])?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slash_is_decoded_in_one_segment_and_kept_in_several() {
        assert_eq!(decode("a%2fb%3A", Decode::Segment).unwrap(), "a/b:");
        assert_eq!(decode("x/a%2fb%3A", Decode::Segments).unwrap(), "x/a%2fb:");
    }

    #[test]
    fn a_plus_is_a_space_in_a_query_only() {
        assert_eq!(decode("a+b%2Bc", Decode::Query).unwrap(), "a b+c");
        assert_eq!(decode("a+b", Decode::Segment).unwrap(), "a+b");
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        assert_eq!(decode("%zz", Decode::Segment), Err(EscapeError::Malformed));
        assert_eq!(decode("%4", Decode::Segment), Err(EscapeError::Malformed));
        assert_eq!(decode("%+4", Decode::Segment), Err(EscapeError::Malformed));
        assert_eq!(decode("%FF", Decode::Query), Err(EscapeError::NotUtf8));
        assert_eq!(decode("a%00", Decode::Query), Err(EscapeError::Nul));
    }

    proptest! {
        #[test]
        fn whatever_was_encoded_comes_back(text in "[^\0]{0,40}") {
            let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
            prop_assert_eq!(decode(&encoded, Decode::Segment).unwrap(), text);
        }
    }
}
