//! What a model says aloud: its words without the blocks of thoughts, or calls of tools, that some put before them.

/// What such blocks are called.
const BLOCKS: [&str; 7] = ["think", "thinking", "thought", "reasoning", "tool_call", "tool_calls", "function_call"];

/// The block of which a server may leave out the tag that opens it.
const THOUGHTS: &str = "think";

/// An answer while it comes.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    raw: String,
    /// Where what is said aloud begins, once that is known.
    from: Option<usize>,
    /// How much of `raw` has been passed on or left out.
    passed_on: usize,
    /// How much of `raw` is blocks and the space around them.
    left_out: usize,
    /// The block that is under way.
    block: Option<&'static str>,
    /// How much of `raw` has been searched for the end of that block.
    searched: usize,
    opening: Opening,
}

/// How an answer begins.
#[derive(Debug, Default, PartialEq, Eq)]
enum Opening {
    /// As it shows.
    #[default]
    Shown,
    /// Amid thoughts, unless it shows otherwise.
    Likely,
    /// Amid thoughts, it is taken; their end is still to come.
    Taken,
    /// Amid thoughts, whose end came.
    Thinking,
}

impl Spoken {
    /// Nothing yet. `begins_thinking`: it is likely to begin amid thoughts, without the tag that opens them.
    pub(super) fn new(begins_thinking: bool) -> Self {
        let opening = if begins_thinking { Opening::Likely } else { Opening::Shown };
        Self { opening, ..Self::default() }
    }

    /// Takes the next words; returns those that can be passed on by now.
    pub(super) fn hear(&mut self, words: &str) -> Option<String> {
        self.raw.push_str(words);
        if self.from.is_none() {
            self.from = self.begin();
        }
        let from = self.from?.max(self.passed_on);
        let ready = &self.raw[from..];
        self.passed_on = self.raw.len();
        (!ready.is_empty()).then(|| ready.to_owned())
    }

    /// All that was said aloud, now that it is over: what was passed on, and what was kept back in vain.
    pub(super) fn whole(&self) -> &str {
        match self.from {
            Some(from) => &self.raw[from..],
            // It was waited for the end of thoughts that there were none of.
            None if self.opening == Opening::Taken => &self.raw[self.left_out..],
            None => "",
        }
    }

    /// Whether the next answer is likely to begin amid thoughts, now that this one is over.
    pub(super) fn begins_thinking(&self) -> bool {
        match self.opening {
            Opening::Taken => false,
            Opening::Thinking => true,
            Opening::Shown | Opening::Likely => slipped_through(&self.raw),
        }
    }

    /// Where what is said aloud begins; `None` if that is still to be seen.
    fn begin(&mut self) -> Option<usize> {
        loop {
            if let Some(block) = self.block {
                self.left_out = self.end_of(block)?;
                self.block = None;
                if self.opening == Opening::Taken {
                    self.opening = Opening::Thinking;
                }
            }
            let rest = self.raw[self.left_out..].trim_start();
            self.left_out = self.raw.len() - rest.len();
            self.block = match opened(rest) {
                Some(block) => Some(block),
                None if may_open(rest) => return None,
                None if self.opening == Opening::Likely => Some(THOUGHTS),
                None => return Some(self.left_out),
            };
            if self.opening == Opening::Likely {
                self.opening = if opened(rest).is_some() { Opening::Shown } else { Opening::Taken };
            }
            self.searched = self.left_out;
        }
    }

    /// Where `block` ends. What was searched for that is not searched again: an answer may be long and come in small pieces.
    fn end_of(&mut self, block: &str) -> Option<usize> {
        let tag = format!("</{block}>");
        let from = self.raw.floor_char_boundary(self.searched.saturating_sub(tag.len()).max(self.left_out));
        let end = self.raw[from..].find(&tag).map(|at| from + at + tag.len());
        self.searched = self.raw.len();
        end
    }
}

/// Whether `answer` looks like thoughts without the tag that opens them, and words after them. Words may be about such a tag, too: only
/// a single one at the end of a line is one.
fn slipped_through(answer: &str) -> bool {
    let end = format!("</{THOUGHTS}>");
    answer.split_once(&end).is_some_and(|(before, after)| {
        after.starts_with('\n') && !after.contains(&end) && !before.contains(&format!("<{THOUGHTS}>"))
    })
}

/// The block that `text` begins with.
fn opened(text: &str) -> Option<&'static str> {
    let inside = text.strip_prefix('<')?;
    BLOCKS.into_iter().find(|block| inside.strip_prefix(block).is_some_and(|rest| rest.starts_with('>')))
}

/// Whether `text` may be the beginning of a tag that begins a block, or of nothing yet.
fn may_open(text: &str) -> bool {
    text.is_empty() || BLOCKS.iter().any(|block| format!("<{block}>").starts_with(text))
}

#[cfg(test)]
mod tests;
