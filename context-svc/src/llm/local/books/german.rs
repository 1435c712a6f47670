//! German.

use super::{Book, Words};
use crate::domain::model::ItemKind::{Decision, Goal};

pub(super) const BOOK: Book = Book {
    language: "de",
    phrases: &[
        (Decision, "ich habe beschlossen"),
        (Decision, "ich hab beschlossen"),
        (Decision, "ich habe mich entschieden"),
        (Decision, "ich hab mich entschieden"),
        (Decision, "ich habe mich entschlossen"),
        (Goal, "mein ziel ist"),
        (Goal, "mein plan ist"),
        (Goal, "ich möchte"),
        (Goal, "ich würde gerne"),
        (Goal, "ich würde gern"),
        (Goal, "ich nehme mir vor"),
        (Goal, "ich habe mir vorgenommen"),
        (Goal, "ich plane"),
    ],
    adverbs: Words("auch wirklich endlich jetzt gern gerne unbedingt also noch heute gestern nun"),
    blockers: Words(
        "wenn falls ob vielleicht nicht nie niemals kein keine sagte sagt meinte meint fragte fragt erzählte dass was wie \
         warum als früher würde könnte hätte er sie",
    ),
    talk: Words(
        "fragen wissen sagen erzählen danken bedanken reden sprechen hören schlafen sterben dich dir ihnen euch du bitte",
    ),
    unless: Words("nicht nichts kein keine es nur nie niemals"),
    fillers: Words("ja nein also und aber ok okay gut hallo genau danke nun na nee"),
};
