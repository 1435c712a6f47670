//! Answers as they come, and what of them is said aloud.

use super::*;

/// What is passed on of an answer that comes in these pieces, and the whole.
fn told(spoken: &mut Spoken, pieces: &[&str]) -> (Vec<String>, String) {
    let passed_on = pieces.iter().filter_map(|piece| spoken.hear(piece)).collect();
    (passed_on, spoken.whole().to_owned())
}

fn heard(pieces: &[&str]) -> (Vec<String>, String) {
    told(&mut Spoken::default(), pieces)
}

#[test]
fn words_are_passed_on_as_they_come() {
    let (passed_on, whole) = heard(&[" \n", "Well", "", ", go on. <b>", "Or 2 < 3?"]);

    assert_eq!(passed_on, ["Well", ", go on. <b>", "Or 2 < 3?"]);
    assert_eq!(whole, "Well, go on. <b>Or 2 < 3?");
}

#[test]
fn blocks_before_the_words_are_left_out_however_they_are_cut() {
    for answer in [
        "<think>grey?</think>\n\nBlue.",
        "\n<thinking>\na < b</thinking> <tool_call>{\"name\": \"f\"}</tool_call>Blue.",
        "<think></think>Blue.",
    ] {
        for size in 1..answer.len() {
            let pieces: Vec<_> = answer.as_bytes().chunks(size).map(|piece| str::from_utf8(piece).unwrap()).collect();

            let (passed_on, whole) = heard(&pieces);

            assert_eq!((passed_on.concat().as_str(), whole.as_str()), ("Blue.", "Blue."), "{answer} by {size}");
        }
    }
}

#[test]
fn a_block_that_never_ends_leaves_nothing() {
    for answer in ["<think>I wonder", "<tool_call>{}", "<thi", "  "] {
        assert_eq!(heard(&[answer]), (vec![], String::new()), "{answer}");
    }
}

#[test]
fn what_looks_like_a_block_and_is_none_is_words() {
    for answer in ["<thinker>s are many", "<3", "<think", "< think>no</think"] {
        let (passed_on, whole) = heard(&[answer, "!"]);

        assert_eq!((passed_on.concat(), whole), (format!("{answer}!"), format!("{answer}!")));
    }
}

#[test]
fn thoughts_without_a_beginning_slip_through_once() {
    let mut first = Spoken::default();

    let (passed_on, whole) = told(&mut first, &["grey?\n", "</think>", "\n\nBlue."]);
    let mut second = Spoken::new(first.begins_thinking());
    let told_second = told(&mut second, &["green?\n", "</thi", "nk>\n\n", "Red."]);

    assert_eq!((passed_on.concat(), whole.as_str()), (whole.clone(), "grey?\n</think>\n\nBlue."));
    assert_eq!(told_second, (vec!["Red.".to_owned()], "Red.".to_owned()));
    assert!(second.begins_thinking());
}

#[test]
fn words_about_the_tag_are_words_and_those_after_them_come_as_before() {
    for answer in ["Close it by </think>, then answer.", "<think> is closed\nby </think>\n", "</think>\n</think>\n."] {
        let mut first = Spoken::default();

        let (passed_on, whole) = told(&mut first, &[&answer[..3], &answer[3..]]);
        let mut second = Spoken::new(first.begins_thinking());
        let told_second = told(&mut second, &["Just", " blue."]);

        let is_thought = answer.starts_with("<think>");
        assert!(is_thought || (passed_on.concat().as_str(), whole.as_str()) == (answer, answer), "{answer}");
        assert_eq!(told_second.0, ["Just", " blue."], "{answer}");
    }
}

#[test]
fn who_waited_in_vain_does_not_wait_again() {
    let mut first = Spoken::new(true);

    let told_first = told(&mut first, &["Just", " blue."]);
    let told_second = told(&mut Spoken::new(first.begins_thinking()), &["Just", " red."]);

    assert_eq!(told_first, (vec![], "Just blue.".to_owned()));
    assert_eq!(told_second.0, ["Just", " red."]);
    assert_eq!(told(&mut Spoken::new(true), &["<think>x</think>", "Red."]).1, "Red.");
}

#[test]
fn long_thoughts_in_small_pieces_are_searched_once() {
    let mut spoken = Spoken::default();
    let pieces = std::iter::once("<think>").chain(std::iter::repeat_n("hm", 400_000)).chain(["</think>", "Blue."]);

    let passed_on: Vec<_> = pieces.filter_map(|piece| spoken.hear(piece)).collect();

    assert_eq!(passed_on, ["Blue."]);
}
