//! French.

use super::{Book, Words};
use crate::domain::model::ItemKind::{Decision, Goal};

pub(super) const BOOK: Book = Book {
    language: "fr",
    phrases: &[
        (Decision, "j'ai décidé de"),
        (Decision, "j'ai décidé d'arrêter"),
        (Decision, "j'ai choisi de"),
        (Decision, "je me suis décidé à"),
        (Decision, "je me suis décidée à"),
        (Goal, "mon objectif est"),
        (Goal, "mon but est"),
        (Goal, "je veux"),
        (Goal, "je voudrais"),
        (Goal, "j'aimerais"),
        (Goal, "j'ai l'intention de"),
        (Goal, "je prévois de"),
    ],
    adverbs: Words("aussi vraiment enfin maintenant donc finalement également"),
    blockers: Words(
        "si quand ne n'ai pas jamais peut-être dit dis demande demandé que qu'il qu'elle comment pourquoi il elle avant \
         lorsque",
    ),
    talk: Words(
        "demander savoir dire raconter remercier parler entendre dormir mourir vous te t'en t'ai tu toi poser question",
    ),
    unless: Words("pas bien que qu'il qu'elle rien cela ça le sur"),
    fillers: Words("oui non bon alors et mais bonjour salut d'accord merci donc ok"),
};
