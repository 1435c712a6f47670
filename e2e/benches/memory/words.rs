//! What people in the benchmark say: sentences of common words and of a vocabulary that is used as unevenly as a real one.

use e2e::dice::Dice;

/// How many rarer words there are.
const VOCABULARY: u64 = 5000;

const COMMON: [&str; 24] = [
    "the", "and", "to", "of", "a", "in", "that", "it", "was", "with", "for", "my", "on", "we", "this", "but", "have",
    "so", "at", "they", "from", "about", "really", "because",
];

const ONSETS: [&str; 18] =
    ["b", "br", "d", "f", "fl", "g", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v"];
const VOWELS: [&str; 6] = ["a", "e", "i", "o", "u", "ou"];
const CODAS: [&str; 8] = ["n", "r", "l", "st", "m", "ck", "nd", "t"];
const ENDINGS: [&str; 5] = ["", "", "s", "ing", "ed"];

/// What is worth remembering, said now and then.
const PLANS: [&str; 4] = ["I want to learn the", "My goal is to finish the", "I decided to give up the", "I love the"];

/// Somebody's words; the same seed says the same.
pub(super) struct Words(Dice);

impl Words {
    pub(super) fn of(seed: u64) -> Self {
        Self(Dice::of(seed, 6))
    }

    /// What is said in one turn: mostly something, at times a plan.
    pub(super) fn turn(&mut self) -> String {
        let mut said: Vec<String> = (0..self.0.between(6, 26)).map(|_| self.word()).collect();
        if self.0.happens(6) {
            let plan = *self.0.one_of(&PLANS);
            said.push(format!(". {plan} {} {}", self.rare(), self.rare()));
        }
        format!("{}.", said.join(" "))
    }

    /// What somebody looks for.
    pub(super) fn query(&mut self) -> String {
        let words: Vec<String> = (0..self.0.between(2, 6)).map(|_| self.word()).collect();
        format!("{} {}", words.join(" "), self.rare())
    }

    fn word(&mut self) -> String {
        if self.0.happens(45) { (*self.0.one_of(&COMMON)).to_owned() } else { self.rare() }
    }

    /// The n-th word is said about n times less often than the first (Zipf's law).
    fn rare(&mut self) -> String {
        let uniform = self.0.between(1, 1_000_000) as f64 / 1e6;
        let rank = (VOCABULARY as f64).powf(uniform) as u64;
        let mut one = Dice::of(rank, 7);
        let mut word = String::new();
        for _ in 0..one.between(1, 2) {
            word += *one.one_of(&ONSETS);
            word += *one.one_of(&VOWELS);
        }
        word += *one.one_of(&CODAS);
        word += *self.0.one_of(&ENDINGS);
        word
    }
}
