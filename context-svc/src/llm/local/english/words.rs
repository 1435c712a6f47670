//! The English words that decide whether a turn of phrase counts.

use crate::llm::local::words::Words;

/// May stand between "I" and the rest of a phrase without changing what it says.
pub(super) const ADVERBS: Words = Words(
    "also really just still now finally actually definitely truly honestly very much already recently particularly \
     especially always both simply firmly quite absolutely truly deeply generally usually mostly",
);

/// Before a phrase they turn it into a condition, a negation, a doubt or somebody else's words.
pub(super) const BLOCKERS: Words = Words(
    "if unless whether would could might maybe perhaps suppose imagine pretend wish not never cannot nobody said says \
     saying told tell tells asked asks ask thinks think thought claims claimed wrote writes heard quote what \
     where how why who which whatever everything anything nothing things thing until before than joke joking kidding \
     sure as sometimes feel believe unsure",
);

/// Words before a phrase that carry nothing: an item begins after them.
pub(super) const FILLERS: Words = Words(
    "so and but well ok okay yes yeah yep no right really honestly anyway anyways actually seriously now oh ah hmm um \
     apart from that also then besides thanks thank you sorry hi hello hey still frankly basically exactly great good \
     alright sounds i guess however haha true indeed yup of course because therefore first second finally please ai companion",
);

/// The rest of a thank-you, which carries nothing either.
pub(super) const THANKED_FOR: Words = Words(
    "for your the all these this kind good advice suggestion suggestions recommendation recommendations support help tip \
     tips reminder friend my",
);

/// Deeds that are moves in the talk itself, feelings of the moment, or what nobody should be held to.
pub(super) const TALK: Words = Words(
    "ask know tell talk share hear say thank chat discuss mention add clarify point apologize apologise confirm \
     recommend introduce vent complain scream cry die kill let speak wish suggest express invite remind emphasize bed \
     understand consult hug disappear believe refer",
);

/// Deeds too vague to hold anybody to, when announced in passing.
pub(super) const VAGUE: Words = Words(
    "take look check try think consider remember do have keep listen miss go need follow feel get come leave wait \
     admit not never no always definitely probably the a an my our this that it work school sleep pay treasure \
     cherish accept like love want continue only too also bring use put sure update send be see give show encounter face fail suffer lose enjoy experience stick",
);

/// A thing that is only pointed at, or a sentence that goes on otherwise.
pub(super) const PRONOUNS: Words = Words(
    "it that this them those these you your him her he she they what how when where so nothing some to the there all \
     everything talking chatting is and but",
);

/// After "the" they name nothing by themselves.
pub(super) const ONLY_POINTED_AT: Words = Words(
    "way fact idea same one ones first second last sound look suggestion suggestions thought part rest other others",
);

/// After a deed they say that it is not told what it is done to.
pub(super) const UNNAMED: Words = Words("it that this them you your him her so all everything");

/// Before what is wanted, decided or learned; no part of it.
pub(super) const LEAD_INS: Words = Words("to is are that also on");

/// Before a noun.
pub(super) const ARTICLES: Words = Words("the a an this that my one another");

/// Before "I like" they say since when, or that there is more.
pub(super) const LATELY: Words = Words("lately recently today nowadays usually generally personally mostly too");

/// The speaker.
pub(super) const SELF: Words = Words("i me my myself mine we our us");

/// Everybody else.
pub(super) const OTHERS: Words = Words("you your he she his her him they their them");

/// Before a colon they make somebody else the speaker.
pub(super) const SPEAKER_LABELS: Words =
    Words("system assistant user human ai coach bot rule instruction instructions memory");

/// What people count when they report.
pub(super) const UNITS: Words = Words(
    "km kilometer kilometers kilometre kilometres mile miles meter meters metre metres kg kilo kilos kilogram kilograms \
     pound pounds lb lbs stone euro euros dollar dollars bucks page pages book books chapter chapters word words lesson \
     lessons hour hours minute minutes steps lap laps times percent",
);
