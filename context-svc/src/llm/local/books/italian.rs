//! Italian.

use super::{Book, Words};
use crate::domain::model::ItemKind::{Decision, Goal};

pub(super) const BOOK: Book = Book {
    language: "it",
    phrases: &[
        (Decision, "ho deciso di"),
        (Decision, "ho scelto di"),
        (Goal, "il mio obiettivo è"),
        (Goal, "il mio piano è"),
        (Goal, "voglio"),
        (Goal, "vorrei"),
        (Goal, "mi piacerebbe"),
        (Goal, "ho intenzione di"),
        (Goal, "sto pensando di"),
    ],
    adverbs: Words("anche già davvero ora oggi ieri finalmente proprio"),
    blockers: Words(
        "non se quando mai forse disse dice detto chiesto chiede che come lui lei prima benché credo nemmeno perché",
    ),
    talk: Words(
        "chiedere chiederti sapere dire dirti raccontare raccontarti ringraziare ringraziarti parlare parlarti sentire \
         dormire morire ti tu lei voi",
    ),
    unless: Words("non bene che questo quello niente ciò dire solo"),
    fillers: Words("sì no bene allora e ma ciao ok grazie dunque inoltre io"),
};
