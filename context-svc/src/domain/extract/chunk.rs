//! Cuts a long talk into pieces that a model can read: at the borders of messages, and a very long message at those of sentences.

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::model::Message;

/// How a long talk is cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// The most tokens of what is new in a piece.
    pub tokens_max: usize,
    /// How many messages before that are repeated, for the sense; as far as they fill no more than a quarter of a piece.
    pub overlap: usize,
    /// The most pieces of one pass, unless a single message makes more; what is beyond is left for the next.
    pub pieces_max: usize,
}

/// A piece: messages to read, of which those from `fresh` on have not been read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// All messages of the piece. Of a very long one a part.
    pub(super) messages: Vec<Message>,
    /// Where the new ones begin.
    pub(super) fresh: usize,
    /// The last message that is read to its end once this piece is; `None` if the piece ends within the first new one.
    pub(super) upto_seq: Option<i64>,
}

/// The pieces of one pass, in order; together what is new in them is what follows the first `read_before` without a gap.
pub(super) fn pieces(messages: &[Message], read_before: usize, cut: Cut) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
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
        let new = &messages[fresh..end];
        match new {
            [long] if tokens > cut.tokens_max => {
                let mut parts = parts_of(long, cut.tokens_max).peekable();
                while let Some(part) = parts.next() {
                    let is_last = parts.peek().is_none();
                    pieces.push(Piece { messages: vec![part], fresh: 0, upto_seq: is_last.then_some(long.seq) });
                }
            }
            _ => {
                let mut all = before(&messages[..fresh], cut);
                let fresh = all.len();
                all.extend_from_slice(new);
                pieces.push(Piece { messages: all, fresh, upto_seq: new.last().map(|message| message.seq) });
            }
        }
        fresh = end;
    }
    pieces
}

/// The same in smaller pieces, for a reader to whom the whole is too much; `None` if it is too short to be cut.
pub(super) fn smaller(piece: &Piece) -> Option<Vec<Piece>> {
    let Piece { messages, fresh, upto_seq } = piece;
    let new = &messages[*fresh..];
    if let [only] = new {
        let part = |message, upto_seq| Piece { messages: vec![message], fresh: 0, upto_seq };
        let half = approximate_tokens(&only.text).div_ceil(2);
        let mut parts = parts_of(only, half.max(SHORTEST));
        let (Some(first), Some(mut rest)) = (parts.next(), parts.next()) else {
            // Too short to be cut: only what is repeated for the sense can be left out.
            return (*fresh > 0).then(|| vec![part(only.clone(), *upto_seq)]);
        };
        parts.for_each(|part| rest.text.push_str(&part.text));
        return Some(vec![part(first, None), part(rest, *upto_seq)]);
    }
    let middle = *fresh + new.len() / 2;
    // One message before the second half is enough to know what is answered there.
    let first = Piece {
        messages: messages[..middle].to_vec(),
        fresh: *fresh,
        upto_seq: messages[..middle].last().map(|m| m.seq),
    };
    let second = Piece { messages: messages[middle - 1..].to_vec(), fresh: 1, upto_seq: *upto_seq };
    Some(vec![first, second])
}

/// Shorter parts of a message than so many tokens make no sense.
const SHORTEST: usize = 50;

/// The last of the messages read before, as far as there is room for them.
fn before(read: &[Message], cut: Cut) -> Vec<Message> {
    let mut room = cut.tokens_max / 4;
    let mut repeated: Vec<Message> = Vec::new();
    for message in read.iter().rev().take(cut.overlap) {
        let Some(left) = room.checked_sub(approximate_tokens(&message.text)) else { break };
        room = left;
        repeated.push(message.clone());
    }
    repeated.reverse();
    repeated
}

/// A message in parts of at most `tokens_max`, cut between sentences, or within one that is longer than that.
fn parts_of(message: &Message, tokens_max: usize) -> impl Iterator<Item = Message> {
    let mut sentences =
        message.text.split_sentence_bounds().flat_map(move |sentence| within(sentence, tokens_max)).peekable();
    std::iter::from_fn(move || {
        let mut text = sentences.next()?.to_owned();
        let mut tokens = approximate_tokens(&text);
        while let Some(next) = sentences.next_if(|next| tokens + approximate_tokens(next) <= tokens_max) {
            tokens += approximate_tokens(next);
            text.push_str(next);
        }
        Some(Message { text, ..message.clone() })
    })
}

/// A sentence, cut between words if it is longer than a part may be, and within a word if that is.
fn within(sentence: &str, tokens_max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut tokens) = (0, 0);
    let words = sentence.split_word_bound_indices().flat_map(|(at, word)| {
        let is_long = approximate_tokens(word) > tokens_max;
        let whole = (!is_long).then_some((at, word));
        let graphemes = is_long.then(|| word.grapheme_indices(true).map(move |(within, piece)| (at + within, piece)));
        whole.into_iter().chain(graphemes.into_iter().flatten())
    });
    for (at, word) in words {
        let more = approximate_tokens(word);
        if tokens + more > tokens_max && at > begin {
            parts.push(&sentence[begin..at]);
            (begin, tokens) = (at, 0);
        }
        tokens += more;
    }
    parts.push(&sentence[begin..]);
    parts
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

    /// The numbers of the messages in a piece, where the new ones begin, and up to which it reads.
    fn shape(piece: &Piece) -> (Vec<i64>, usize, Option<i64>) {
        (piece.messages.iter().map(|message| message.seq).collect(), piece.fresh, piece.upto_seq)
    }

    #[test]
    fn every_new_message_is_in_exactly_one_piece_and_the_last_read_comes_along() {
        let cut = pieces(&talk(&[2, 4, 2, 4, 4]), 1, CUT);

        let shapes: Vec<_> = cut.iter().map(shape).collect();
        assert_eq!(shapes, [(vec![1, 2, 3, 4], 1, Some(4)), (vec![5], 0, Some(5))]);
    }

    #[test]
    fn a_message_longer_than_a_piece_comes_in_parts_without_a_gap() {
        let mut talk = talk(&[1, 0, 1]);
        talk[1].text = format!("{} {}", "I want to swim. It rained all day. ".repeat(20), "x".repeat(300));

        let cut = pieces(&talk, 0, CUT);

        let middle: Vec<_> = cut.iter().filter(|piece| piece.messages[piece.fresh].seq == 2).collect();
        let text: String = middle.iter().map(|piece| piece.messages[0].text.as_str()).collect();
        assert_eq!(text, talk[1].text);
        assert!(middle.iter().all(|piece| approximate_tokens(&piece.messages[0].text) <= CUT.tokens_max));
        assert!(middle[0].messages[0].text.starts_with("I want to swim. "));
        let ends: Vec<_> = middle.iter().map(|piece| piece.upto_seq).collect();
        assert_eq!(ends.iter().flatten().collect::<Vec<_>>(), [&2]);
        assert_eq!(ends.last(), Some(&Some(2)));
    }

    #[test]
    fn what_is_too_long_for_one_pass_is_left_for_the_next() {
        let cut = pieces(&talk(&[10; 8]), 0, CUT);

        assert_eq!(cut.last().and_then(|piece| piece.upto_seq), Some(3));
    }

    fn two(piece: &Piece) -> [Piece; 2] {
        smaller(piece).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_piece_that_is_too_much_is_halved_down_to_a_few_sentences() {
        let mut talk = talk(&[1, 1, 1, 1]);
        talk[3].text = "I want to swim. ".repeat(40);
        let whole = Piece { messages: talk.clone(), fresh: 1, upto_seq: Some(4) };

        let [first, second] = two(&whole);
        let [third, fourth] = two(&second);

        assert_eq!(shape(&first), (vec![1, 2], 1, Some(2)));
        assert_eq!(shape(&second), (vec![2, 3, 4], 1, Some(4)));
        assert_eq!((shape(&third), shape(&fourth)), ((vec![2, 3], 1, Some(3)), (vec![3, 4], 1, Some(4))));
        let [a, b] = two(&fourth);
        assert_eq!(a.messages[0].text.clone() + &b.messages[0].text, talk[3].text);
        assert_eq!((a.upto_seq, b.upto_seq), (None, Some(4)));
        let short = |messages: &[Message], fresh| Piece { messages: messages.to_vec(), fresh, upto_seq: Some(2) };
        assert_eq!(smaller(&short(&talk[..2], 1)), Some(vec![short(&talk[1..2], 0)]));
        assert_eq!(smaller(&short(&talk[1..2], 0)), None);
    }

    #[test]
    fn tokens_are_counted_roughly_in_any_script() {
        assert_eq!((approximate_tokens("four words of text"), approximate_tokens("我想学习")), (5, 4));
    }
}
