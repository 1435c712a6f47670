//! The languages in which the words of a time are understood. To add one, write its words.

mod chinese;
mod english;
mod french;
mod german;
mod italian;
mod japanese;
mod portuguese;
mod spanish;

use std::sync::LazyLock;

use super::lexicon::Lexicon;

/// All of them, ready to be looked up. Of two that understand equally much, the first is believed.
pub(super) fn lexicons() -> &'static [Lexicon] {
    static LEXICONS: LazyLock<Vec<Lexicon>> = LazyLock::new(|| {
        let languages = [
            &english::LANGUAGE,
            &chinese::LANGUAGE,
            &german::LANGUAGE,
            &spanish::LANGUAGE,
            &french::LANGUAGE,
            &portuguese::LANGUAGE,
            &italian::LANGUAGE,
            &japanese::LANGUAGE,
        ];
        languages.into_iter().map(Lexicon::of).collect()
    });
    &LEXICONS
}
