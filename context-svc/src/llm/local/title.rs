//! Makes a title out of the words of a sentence: its beginning, up to a border that does not leave it hanging.

use unicode_segmentation::UnicodeSegmentation;

const WIDTH_MAX: usize = 60;
const CLAUSE_WIDTH_MIN: usize = 14;

/// The beginning of `topic`, at most 60 columns wide, cut between clauses if there is a border, else between words.
pub(super) fn of(topic: &str) -> String {
    let topic = topic.trim_matches(|c: char| !c.is_alphanumeric());
    let clause = topic
        .find(['，', '。', '；', ';', '\n'])
        .or_else(|| topic.find(", "))
        .filter(|at| width(&topic[..*at]) >= CLAUSE_WIDTH_MIN);
    let mut title = String::new();
    for piece in clause.map_or(topic, |at| &topic[..at]).split_word_bounds() {
        if width(&title) + width(piece) > WIDTH_MAX {
            break;
        }
        title.push_str(piece);
    }
    let title = title.trim_end_matches(|c: char| !c.is_alphanumeric()).split_whitespace().collect::<Vec<_>>().join(" ");
    capitalised(&title)
}

/// Columns on a terminal: characters of Chinese, Japanese and Korean are two wide.
fn width(text: &str) -> usize {
    text.graphemes(true).map(|grapheme| if grapheme.starts_with(|c| c >= '\u{1100}') { 2 } else { 1 }).sum()
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_the_topic() {
        assert_eq!(of("run a marathon in May."), "Run a marathon in May");
        assert_eq!(of("run the river path every morning, because it is quiet"), "Run the river path every morning");
        assert_eq!(of("在今年内学会游泳，然后去海边"), "在今年内学会游泳");
        assert_eq!(of("…"), "");
    }

    #[test]
    fn a_long_topic_is_cut_between_words() {
        let title = of(&"wonderful ".repeat(30));

        assert_eq!(title, format!("W{}", &"wonderful ".repeat(6)[1..59]));
    }
}
