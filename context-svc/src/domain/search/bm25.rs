//! BM25: how well things fit a query, by how often its words stand in them, how rare these are, and how long the things are.

/// How soon more of the same word stops to count.
const K1: f64 = 1.2;
/// How much longer things are marked down.
const B: f64 = 0.75;

/// In how many things the words of a query stand, and how often in each.
#[derive(Debug)]
pub(super) struct Counts {
    /// For each thing in turn: places of words and how often each stands in it.
    found: Vec<(u16, f32)>,
    /// Where the words of each thing end in `found`.
    ends: Vec<u32>,
    lengths: Vec<f32>,
    /// By the place of the word: in how many things it stands.
    spread: Vec<u32>,
}

impl Counts {
    /// Of nothing yet, for a query of so many words.
    pub(super) fn new(words: usize) -> Self {
        Self { found: Vec::new(), ends: Vec::new(), lengths: Vec::new(), spread: vec![0; words] }
    }

    /// Adds a thing of that length in which the words stand so often.
    pub(super) fn push(&mut self, found: impl IntoIterator<Item = (u16, f32)>, length: f32) {
        let before = self.found.len();
        self.found.extend(found);
        for (word, _) in &self.found[before..] {
            self.spread[usize::from(*word)] += 1;
        }
        self.ends.push(u32::try_from(self.found.len()).unwrap_or(u32::MAX));
        self.lengths.push(length);
    }

    /// What was counted in a thing.
    pub(super) fn of(&self, thing: usize) -> &[(u16, f32)] {
        let begin = thing.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.found[begin as usize..self.ends[thing] as usize]
    }

    /// How long a thing is.
    pub(super) fn length(&self, thing: usize) -> f32 {
        self.lengths[thing]
    }

    /// How well anything fits a query whose words stand in it so often.
    pub(super) fn fit(&self, times: &[f64]) -> Fit {
        let things = self.lengths.len() as f64;
        let total: f64 = self.lengths.iter().map(|length| f64::from(*length)).sum();
        let weigh = |(spread, times): (&u32, &f64)| {
            let spread = f64::from(*spread);
            times * (1.0 + (things - spread + 0.5) / (spread + 0.5)).ln()
        };
        let weights = self.spread.iter().zip(times).map(weigh).collect();
        Fit { weights, mean: if total > 0.0 { total / things } else { 1.0 } }
    }

    /// How well each thing fits, in turn.
    pub(super) fn scores(&self, fit: &Fit) -> Vec<f64> {
        (0..self.lengths.len()).map(|thing| fit.of(self.of(thing), self.lengths[thing])).collect()
    }
}

/// How well things fit one query, beside those that were counted.
#[derive(Debug)]
pub(super) struct Fit {
    /// By the place of the word: how much it tells.
    weights: Vec<f64>,
    mean: f64,
}

impl Fit {
    /// How well a thing of that length fits, in which the words stand so often.
    pub(super) fn of(&self, found: &[(u16, f32)], length: f32) -> f64 {
        let drag = K1 * (1.0 - B + B * f64::from(length) / self.mean);
        let word = |(word, often): &(u16, f32)| {
            let often = f64::from(*often);
            self.weights[usize::from(*word)] * often * (K1 + 1.0) / (often + drag)
        };
        found.iter().map(word).sum()
    }

    /// How much a word tells.
    pub(super) fn weight(&self, word: u16) -> f64 {
        self.weights[usize::from(word)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_texts_score_as_computed_by_hand() {
        let mut counts = Counts::new(2);
        counts.push([(0, 2.0), (1, 1.0)], 4.0);
        counts.push([(0, 1.0)], 2.0);
        counts.push([], 6.0);

        let fit = counts.fit(&[1.0, 1.0]);
        let scores = counts.scores(&fit);

        // Mean length 4. Word 0 in two of three: ln(1 + 1.5/2.5) = 0.470004; word 1 in one: ln(1 + 2.5/1.5) = 0.980829.
        // First: 0.470004 * 2*2.2/(2+1.2) + 0.980829 * 2.2/(1+1.2) = 0.646255 + 0.980829.
        // Second: 0.470004 * 2.2/(1 + 1.2*(0.25 + 0.75*0.5)) = 0.470004 * 2.2/1.75.
        assert!((scores[0] - 1.627_084).abs() < 1e-6, "{scores:?}");
        assert!((scores[1] - 0.590_862).abs() < 1e-6, "{scores:?}");
        assert_eq!(scores[2], 0.0);
    }

    #[test]
    fn a_word_that_the_query_repeats_counts_as_often() {
        let mut counts = Counts::new(1);
        counts.push([(0, 1.0)], 1.0);
        counts.push([], 1.0);

        let [once, twice] = [1.0, 2.0].map(|times| counts.scores(&counts.fit(&[times]))[0]);

        assert_eq!(twice, 2.0 * once);
    }

    #[test]
    fn of_nothing_there_is_no_score() {
        let counts = Counts::new(1);

        assert_eq!(counts.scores(&counts.fit(&[1.0])), [0.0; 0]);
        assert!(counts.fit(&[1.0]).of(&[(0, 1.0)], 3.0).is_finite());
    }
}
