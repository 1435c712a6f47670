//! Spanish.

use super::{Book, Words};
use crate::domain::model::ItemKind::{Decision, Goal};

pub(super) const BOOK: Book = Book {
    language: "es",
    phrases: &[
        (Decision, "he decidido"),
        (Decision, "decidí"),
        (Goal, "mi objetivo es"),
        (Goal, "mi meta es"),
        (Goal, "mi plan es"),
        (Goal, "quiero"),
        (Goal, "quisiera"),
        (Goal, "me gustaría"),
        (Goal, "tengo la intención de"),
        (Goal, "pienso empezar a"),
        (Goal, "me he propuesto"),
    ],
    adverbs: Words("también ya realmente ahora hoy ayer por fin finalmente"),
    blockers: Words(
        "no si cuando nunca tampoco quizás quizá dijo dice preguntó pregunta que qué como cómo él ella antes ojalá \
         aunque creo",
    ),
    talk: Words(
        "preguntar preguntarte saber decir decirte contar contarte agradecer agradecerte hablar pedir pedirte oír dormir \
         morir tú te usted ustedes",
    ),
    unless: Words("no a que eso esto nada lo mucho decir"),
    fillers: Words("sí no bueno pues y pero hola vale gracias entonces además yo"),
};
