//! The Chinese words that decide whether a turn of phrase counts.

use crate::llm::local::words::Words;

/// After "need to" or "will".
pub(super) const NOT_INTENDED: Words = Words(
    "走 是 求 说 說 睡 不 告诉 告訴 问 問 怎 如何 的 么 去睡 去上班 去忙 谢 謝 跟你 和你 向你 你 强调 了 如 享受 去享受 面对 面對",
);

/// Deeds that are only tried.
pub(super) const TRIED: Words = Words("会尝试 会努力 會嘗試 會努力");

/// Anywhere after these they point at what somebody else said.
pub(super) const NOT_TRIED: Words = Words("一下 这 這 那些 你 您 它 做到 按照");

/// A clause that begins with one carries nothing.
pub(super) const THANKS: Words = Words("谢谢 謝謝 感谢 感謝 多谢 多謝");

/// After "love" or "hate": moods of the moment, or things only pointed at.
pub(super) const POINTED_AT: Words = Words("你 这 這 那 它 他 她 的");

/// After "want to": moves in the talk, pronouns, and the other meanings of 想 ("think", "miss").
pub(super) const NOT_WANTED: Words = Words(
    "问 問 知道 请 請 听 聽 告诉 告訴 说 說 跟你 和你 与你 與你 向你 对你 你 这 這 那 他 她 它 我 \
     应该 應該 可能 大概 起 到 法 不 了解 聊 分享 推荐 推薦 谢 謝 念 象 像 的 是 必 了 没 也许 \
     咨询 确认 表达 倾诉 哭 死 一下 一想 在这 先听 看你 让你 讓你 给你 給你 和您 向您 问您 得 过 着 \
     试试看 試試看 试一试 試一試 试一下 試一下 好了 和来 谈 談 来聊 來聊",
);

/// May stand between 我 and the verb without changing what it says.
pub(super) const ADVERBS: Words = Words(
    "也 很 真的 真 一直 还是 還是 已经 已經 现在 現在 今年 最近 今天 明天 明年 非常 特别 特別 最 都 \
     就 终于 終於 其实 其實 确实 還 还 正 平时 平時 从小就 比较 突然 逐渐 渐渐 目前 ，",
);

/// Before a phrase they turn it into a condition, a negation, a doubt or somebody else's words.
pub(super) const BLOCKERS: Words = Words(
    "如果 要是 假如 假设 假設 万一 萬一 除非 也许 也許 或许 或許 可能 不是 不让 不讓 他说 他說 她说 \
     她說 说我 說我 说： 說： 问我 問我 觉得我 覺得我 以为我 以為我 希望我 让我 讓我 叫我 使我 什么 怎么 \
     为什么 是否 要不要 假装 个我 個我 些我",
);

/// Before a phrase they carry nothing: an item begins after them.
pub(super) const FILLERS: Words = Words(
    "好的 好 嗯 是的 对 谢谢 谢谢你 但是 但 所以 不过 那 那么 其实 而且 因此 于是 然后 对了 哈哈 真的 \
     恩 哦 噢 当然 当然啦 是啊 没错 非常有趣 真好 太好了 那太好了 另外",
);

/// Before a verb without a subject they say when; whose deed it is goes without saying.
pub(super) const WHEN: Words = Words("今天 今晚 晚上 明天 明晚 周末 这周末 下周 下个月 今年 明年 最近");

/// With these a sentence takes leave: what it announces is what comes next, not what matters.
pub(super) const FAREWELLS: Words = Words("再见 再見 下次再聊 晚安 拜拜");

/// Verbs that without a subject are the speaker's own.
pub(super) const IMPLIED: Words = Words("打算 决定 決定");

/// They end what began with 对.
pub(super) const INTERESTED: Words = Words("感兴趣 感興趣 有兴趣 有興趣");
