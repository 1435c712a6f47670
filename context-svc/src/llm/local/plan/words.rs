//! The words that decide whether a list is a plan.

use crate::llm::local::words::Words;

/// What a plan is called.
pub(super) const NAMES: Words = Words("goal goals plan plans resolution resolutions target targets todo todos");

/// Beside its name a heading may hold these; any other word must be the speaker's own "my".
pub(super) const IN_HEADING: Words = Words(
    "my our the smart weekly daily new this next coming week weeks today tomorrow for and to do list setting set year s \
     years tasks fitness health study work here are is it these some action",
);

/// What makes it the speaker's.
pub(super) const OWN: Words = Words("my our");

/// What is behind such a heading has been, belongs to somebody else, or is a wish for some far day.
pub(super) const NOT_A_PLAN: Words = Words(
    "review reviews check checked follow followed discussion discussed progress past previous last achieved met month \
     months vision long term your his her their client clients patient team company coach hc project product no not",
);

/// Deeds of everyday life. Who begins a line of a plan with another word may mean anything.
pub(super) const DEEDS: Words = Words(
    "achieve add adhere adjust adopt aim allocate apply arrange ask attempt attend avoid bake balance bathe be \
     become begin bike book break breathe bring brush budget build buy call cancel carry celebrate change check \
     chew choose clean clear climb collect commit compare complete consume contact continue control cook cope \
     count cover craft create cut cycle dance declutter decrease dedicate delay deliver develop discover discuss \
     do document donate download draw drink drop earn eat eliminate email encourage engage ensure establish \
     evaluate examine exercise experiment explore express feed find finish fix focus follow gather get give go \
     grow hang have help hike hit hold host hydrate identify implement improve include incorporate increase \
     initiate install integrate introduce invite jog join journal keep knit lead learn leave lift limit listen \
     live log look lose lower maintain make manage massage measure meditate meet memorise memorize mend monitor \
     mop move mow nap note open opt order organise organize outline pack paint participate pay perform phone pick \
     plan plant play practice practise pray prepare prioritise prioritize produce protect publish put quit reach \
     read reconnect record reduce reflect refrain register rehearse relax remember remind remove renew repair \
     replace reply report request research reserve rest restart restrict resume return review revise ride ring \
     row run save schedule search see seek select sell send serve set share shop shower shut sign sing sit skip \
     sleep snack soak socialise socialize sort speak spend sponsor stand start stay stick stop store stretch \
     strive study submit substitute support sustain swap swim switch tackle take talk taper taste teach test tidy \
     touch track trade train transfer travel treat trim try turn understand unwind update upload use visit \
     visualise visualize volunteer vote wait wake walk warm wash watch water wear weed weigh wipe work write",
);

/// May stand before the deed.
pub(super) const BEFORE_DEED: Words = Words("to also please always consistently regularly daily actively gradually");

/// They open a clause that says when; the deed follows after the comma.
pub(super) const CLAUSE_OPENERS: Words =
    Words("while when after before by on in at during from every each if once whenever");

/// Recurring, by themselves.
pub(super) const RECURRING: Words = Words("daily weekly monthly nightly everyday");

/// Recurring after "every" and "each", and after "a" and "per" if something is counted.
pub(super) const PERIODS: Words = Words(
    "day days night morning evening afternoon week weekend weekday weekdays weekends month meal monday mondays tuesday \
     wednesday thursday friday saturday sunday breakfast lunch dinner",
);

/// They count.
pub(super) const COUNTS: Words = Words("once twice times time minutes minute mins min hours hour steps glasses km");

/// Chinese names of a plan.
pub(super) const CHINESE_NAMES: Words = Words("目标 目標 计划 計劃 待办 待辦");

/// What such a name may begin with; with any other word it is somebody else's, or not of today.
pub(super) const BEFORE_CHINESE_NAME: Words = Words(
    "我的 我 的 今年 明年 新年 今天 明天 每日 每周 每週 本周 本週 这周 這週 下周 下週 本月 这个月 這個月 下个月 下個月 \
     近期 新 学习 學習 健身 健康 减肥 減肥 读书 讀書 存钱 存錢",
);
