//! Cuts a long talk into pieces that a model can read, at the borders of messages.

use std::ops::Range;

use crate::domain::model::Message;

/// How a long talk is cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// The most tokens a piece has, unless a single message has more.
    pub tokens_max: usize,
    /// How many messages of the piece before are repeated, for the sense.
    pub overlap: usize,
    /// The most pieces of one pass; what is beyond is left for the next.
    pub pieces_max: usize,
}

/// A piece: `messages` to read, of which those from `fresh` on have not been read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// All messages of the piece.
    pub messages: Range<usize>,
    /// Where the new ones begin.
    pub fresh: usize,
}

/// The pieces of one pass, in order; together their fresh messages are what follows the first `read_before` without a gap.
pub(super) fn pieces(messages: &[Message], read_before: usize, cut: Cut) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut fresh = read_before;
    while fresh < messages.len() && pieces.len() < cut.pieces_max {
        let mut end = fresh;
        let mut tokens = 0;
        while end < messages.len() {
            tokens += approximate_tokens(&messages[end].text);
            if tokens > cut.tokens_max && end > fresh {
                break;
            }
            end += 1;
        }
        pieces.push(Piece { messages: fresh.saturating_sub(cut.overlap)..end, fresh });
        fresh = end;
    }
    pieces
}

/// About as many tokens as a model would count: four letters each in ASCII, elsewhere a token a character.
pub(in crate::domain) fn approximate_tokens(text: &str) -> usize {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let others = text.chars().count() - ascii;
    ascii.div_ceil(4) + others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::extract::tests::said;

    const CUT: Cut = Cut { tokens_max: 10, overlap: 1, pieces_max: 3 };

    fn talk(lengths: &[usize]) -> Vec<Message> {
        (1..).zip(lengths).map(|(seq, tokens)| said(seq, &"word".repeat(*tokens))).collect()
    }

    #[test]
    fn every_new_message_is_in_exactly_one_piece_and_the_last_read_comes_along() {
        let cut = pieces(&talk(&[4, 4, 4, 4, 4]), 1, CUT);

        assert_eq!(cut, [Piece { messages: 0..3, fresh: 1 }, Piece { messages: 2..5, fresh: 3 }]);
    }

    #[test]
    fn a_message_longer_than_a_piece_is_a_piece_of_its_own() {
        let cut = pieces(&talk(&[1, 50, 1]), 0, CUT);

        assert_eq!(cut.iter().map(|piece| piece.fresh).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn what_is_too_long_for_one_pass_is_left_for_the_next() {
        let cut = pieces(&talk(&[10; 8]), 0, CUT);

        assert_eq!(cut.last().map(|piece| piece.messages.end), Some(3));
    }

    #[test]
    fn tokens_are_counted_roughly_in_any_script() {
        assert_eq!((approximate_tokens("four words of text"), approximate_tokens("我想学习")), (5, 4));
    }
}
