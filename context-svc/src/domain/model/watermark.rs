//! Up to where a conversation has been, or must be, extracted.

/// A position in a conversation under one generation of the extractor.
///
/// One number, `generation · 2^40 + seq`, so that positions of different generations order without being taken apart:
/// re-extracting unchanged messages under a higher generation is progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Watermark(i64);

const SEQ_BITS: u32 = 40;

impl Watermark {
    /// Before the first message.
    pub const ZERO: Self = Self(0);

    /// The position after the message `seq` under `generation`.
    pub const fn new(generation: i64, seq: i64) -> Self {
        Self((generation << SEQ_BITS) + seq)
    }

    /// The position that was stored as this number.
    pub const fn from_i64(number: i64) -> Self {
        Self(number)
    }

    /// The number to store.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// The extractor generation.
    pub const fn generation(self) -> i64 {
        self.0 >> SEQ_BITS
    }

    /// The last message at or before the position.
    pub const fn seq(self) -> i64 {
        self.0 & ((1 << SEQ_BITS) - 1)
    }

    /// The position after the message `seq` under the same generation.
    pub const fn at(self, seq: i64) -> Self {
        Self::new(self.generation(), seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_generation_is_ahead_of_any_message_of_a_lower_one() {
        let (old, new) = (Watermark::new(0, 1_000_000), Watermark::new(1, 3));

        assert!(new > old && Watermark::ZERO < old);
        assert_eq!((new.generation(), new.seq()), (1, 3));
        assert_eq!(new.at(7), Watermark::new(1, 7));
    }
}
