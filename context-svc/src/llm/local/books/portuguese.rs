//! Portuguese.

use super::{Book, Words};
use crate::domain::model::ItemKind::{Decision, Goal};

pub(super) const BOOK: Book = Book {
    language: "pt",
    phrases: &[
        (Decision, "decidi"),
        (Decision, "resolvi"),
        (Goal, "meu objetivo é"),
        (Goal, "minha meta é"),
        (Goal, "meu plano é"),
        (Goal, "quero"),
        (Goal, "gostaria de"),
        (Goal, "pretendo"),
        (Goal, "estou planejando"),
    ],
    adverbs: Words("também já realmente agora hoje ontem muito finalmente"),
    blockers: Words(
        "não se quando nunca talvez disse diz perguntou pergunta que como ele ela antes embora acho tampouco caso",
    ),
    talk: Words(
        "perguntar saber dizer contar agradecer falar pedir ouvir dormir morrer te você vocês senhor senhora lhe dúvida",
    ),
    unless: Words("não que isso isto nada o"),
    fillers: Words("sim não bom então e mas olá oi tá obrigado obrigada eu também"),
};
