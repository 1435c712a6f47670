use super::*;

#[test]
fn english() {
    assert_said_on_monday(&[
        ("today", "2025-06-02 DAY"),
        ("tomorrow", "2025-06-03 DAY"),
        ("Tomorrow at 10", "2025-06-03 10:00"),
        ("tomorrow at 9am", "2025-06-03 09:00"),
        ("tomorrow at 9 p.m.", "2025-06-03 21:00"),
        ("at 9:30 tomorrow morning", "2025-06-03 09:30"),
        ("tomorrow at half past two", "2025-06-03 02:30"),
        ("tomorrow afternoon at a quarter to four", "2025-06-03 15:45"),
        ("the day after tomorrow", "2025-06-04 DAY"),
        ("tonight", "2025-06-02 DAY"),
        ("tonight at 9", "2025-06-02 21:00"),
        ("at noon on Friday", "2025-06-06 12:00"),
        ("by midnight", "2025-06-02 23:59"),
        ("at 22:30", "2025-06-02 22:30"),
        ("at 9am", "2025-06-03 09:00"),
        ("on Monday", "2025-06-09 DAY"),
        ("this Monday", "2025-06-02 DAY"),
        ("next Monday", "2025-06-09 DAY"),
        ("before Friday", "2025-06-06 DAY"),
        ("next Friday", "2025-06-06 DAY"),
        ("on Friday of next week", "2025-06-13 DAY"),
        ("Friday next week at 5pm", "2025-06-13 17:00"),
        ("this week", "2025-06-08 WEEK"),
        ("by the end of the week", "2025-06-08 WEEK"),
        ("next week", "2025-06-15 WEEK"),
        ("this weekend", "2025-06-08 WEEK"),
        ("this month", "2025-06-30 MONTH"),
        ("next month", "2025-07-31 MONTH"),
        ("the end of next month", "2025-07-31 MONTH"),
        ("in October", "2025-10-31 MONTH"),
        ("in June", "2025-06-30 MONTH"),
        ("next June", "2026-06-30 MONTH"),
        ("by March 2027", "2027-03-31 MONTH"),
        ("in May next year", "2026-05-31 MONTH"),
        ("early July", "2025-07-10 WEEK"),
        ("in mid-September", "2025-09-20 WEEK"),
        ("in Q3 2025", "2025-09-30 QUARTER"),
        ("the first quarter", "2026-03-31 QUARTER"),
        ("next quarter", "2025-09-30 QUARTER"),
        ("this summer", "2025-08-31 QUARTER"),
        ("next winter", "2026-02-28 QUARTER"),
        ("by the end of the year", "2025-12-31 YEAR"),
        ("early next year", "2026-03-31 QUARTER"),
        ("next year", "2026-12-31 YEAR"),
        ("by 2030", "2030-12-31 YEAR"),
        ("December 31st", "2025-12-31 DAY"),
        ("31 Dec", "2025-12-31 DAY"),
        ("Dec. 31, 2026", "2026-12-31 DAY"),
        ("Wednesday, the 4th of June", "2025-06-04 DAY"),
        ("on May 5", "2026-05-05 DAY"),
        ("on the 15th", "2025-06-15 DAY"),
        ("on the 1st", "2025-07-01 DAY"),
        ("by the 31st of next month", "2025-07-31 DAY"),
        ("2025-08-31", "2025-08-31 DAY"),
        ("by 31/08/2025", "2025-08-31 DAY"),
        ("by 08/31/2025", "2025-08-31 DAY"),
        ("in two weeks", "2025-06-16 DAY"),
        ("within the next three months", "2025-09-02 DAY"),
        ("twenty-one days from now", "2025-06-23 DAY"),
        ("in half a year", "2025-12-02 DAY"),
        ("in ten minutes", "2025-06-02 11:10"),
        ("Christmas", "2025-12-25 DAY"),
        ("New Year's Eve", "2025-12-31 DAY"),
        ("yesterday", "2025-06-01 DAY"),
        ("last week", "2025-06-01 WEEK"),
        ("two days ago", "2025-05-31 DAY"),
        ("last Friday", "2025-05-30 DAY"),
        ("last October", "2024-10-31 MONTH"),
    ]);
}

#[test]
fn chinese() {
    assert_said_on_monday(&[
        ("明天", "2025-06-03 DAY"),
        ("明天早上九点", "2025-06-03 09:00"),
        ("明天下午三点半", "2025-06-03 15:30"),
        ("后天晚上八点一刻", "2025-06-04 20:15"),
        ("今晚", "2025-06-02 DAY"),
        ("今晚十一点", "2025-06-02 23:00"),
        ("明天中午", "2025-06-03 12:00"),
        ("周五", "2025-06-06 DAY"),
        ("这周五", "2025-06-06 DAY"),
        ("下周五", "2025-06-13 DAY"),
        ("下个星期三上午十点", "2025-06-11 10:00"),
        ("下周", "2025-06-15 WEEK"),
        ("这个周末", "2025-06-08 WEEK"),
        ("下个月", "2025-07-31 MONTH"),
        ("下個月底", "2025-07-31 MONTH"),
        ("月底之前", "2025-06-30 MONTH"),
        ("年底前", "2025-12-31 YEAR"),
        ("明年三月", "2026-03-31 MONTH"),
        ("明年年底", "2026-12-31 YEAR"),
        ("十月", "2025-10-31 MONTH"),
        ("十二月底", "2025-12-31 MONTH"),
        ("十二月三十一日", "2025-12-31 DAY"),
        ("12月31号", "2025-12-31 DAY"),
        ("2026年3月5日", "2026-03-05 DAY"),
        ("二〇二六年", "2026-12-31 YEAR"),
        ("２０２６年５月", "2026-05-31 MONTH"),
        ("两个月内", "2025-08-02 DAY"),
        ("三天后", "2025-06-05 DAY"),
        ("兩週後", "2025-06-16 DAY"),
        ("半年后", "2025-12-02 DAY"),
        ("第三季度", "2025-09-30 QUARTER"),
        ("圣诞节前", "2025-12-25 DAY"),
        ("15号", "2025-06-15 DAY"),
        ("昨天", "2025-06-01 DAY"),
        ("三天前", "2025-05-30 DAY"),
    ]);
}

#[test]
fn german() {
    assert_said_on_monday(&[
        ("morgen", "2025-06-03 DAY"),
        ("morgen früh um acht", "2025-06-03 08:00"),
        ("morgen um halb drei in der Nacht", "2025-06-03 02:30"),
        ("morgen Nachmittag um Viertel nach drei", "2025-06-03 15:15"),
        ("übermorgen um 14 Uhr 30", "2025-06-04 14:30"),
        ("heute Abend um 9", "2025-06-02 21:00"),
        ("um 18.30 Uhr", "2025-06-02 18:30"),
        ("bis Weihnachten", "2025-12-25 DAY"),
        ("an Heiligabend", "2025-12-24 DAY"),
        ("am Montag", "2025-06-09 DAY"),
        ("am nächsten Freitag", "2025-06-06 DAY"),
        ("Freitag nächster Woche", "2025-06-13 DAY"),
        ("bis Ende der Woche", "2025-06-08 WEEK"),
        ("am Wochenende", "2025-06-08 WEEK"),
        ("nächsten Monat", "2025-07-31 MONTH"),
        ("bis Ende August", "2025-08-31 MONTH"),
        ("Anfang Oktober", "2025-10-10 WEEK"),
        ("im März nächsten Jahres", "2026-03-31 MONTH"),
        ("bis Ende des Jahres", "2025-12-31 YEAR"),
        ("bis zum Jahresende", "2025-12-31 YEAR"),
        ("Mitte 2026", "2026-06-30 QUARTER"),
        ("im Sommer", "2025-08-31 QUARTER"),
        ("am 31. Dezember", "2025-12-31 DAY"),
        ("bis zum 31.12.", "2025-12-31 DAY"),
        ("31.12.2026", "2026-12-31 DAY"),
        ("Mittwoch, den 4. Juni", "2025-06-04 DAY"),
        ("in zwei Wochen", "2025-06-16 DAY"),
        ("in einundzwanzig Tagen", "2025-06-23 DAY"),
        ("in den nächsten drei Monaten", "2025-09-02 DAY"),
        ("vor zwei Wochen", "2025-05-19 DAY"),
        ("vor Freitag", "2025-06-06 DAY"),
        ("gestern", "2025-06-01 DAY"),
    ]);
}

#[test]
fn spanish() {
    assert_said_on_monday(&[
        ("mañana", "2025-06-03 DAY"),
        ("mañana por la mañana a las nueve", "2025-06-03 09:00"),
        ("pasado mañana a las 5 y media de la tarde", "2025-06-04 17:30"),
        ("esta noche", "2025-06-02 DAY"),
        ("el viernes", "2025-06-06 DAY"),
        ("el viernes que viene", "2025-06-06 DAY"),
        ("la próxima semana", "2025-06-15 WEEK"),
        ("el mes que viene", "2025-07-31 MONTH"),
        ("en octubre", "2025-10-31 MONTH"),
        ("antes de fin de año", "2025-12-31 YEAR"),
        ("a finales de agosto", "2025-08-31 MONTH"),
        ("el 31 de diciembre de 2026", "2026-12-31 DAY"),
        ("dentro de dos meses", "2025-08-02 DAY"),
        ("en los próximos tres meses", "2025-09-02 DAY"),
        ("para Navidad", "2025-12-25 DAY"),
        ("este verano", "2025-08-31 QUARTER"),
        ("hace dos semanas", "2025-05-19 DAY"),
    ]);
}

#[test]
fn french() {
    assert_said_on_monday(&[
        ("demain", "2025-06-03 DAY"),
        ("demain matin à 9h30", "2025-06-03 09:30"),
        ("après-demain à deux heures et demie de l'après-midi", "2025-06-04 14:30"),
        ("ce soir à 8 heures", "2025-06-02 20:00"),
        ("vendredi", "2025-06-06 DAY"),
        ("vendredi prochain", "2025-06-06 DAY"),
        ("la semaine prochaine", "2025-06-15 WEEK"),
        ("ce week-end", "2025-06-08 WEEK"),
        ("le mois prochain", "2025-07-31 MONTH"),
        ("d’ici la fin de l’année", "2025-12-31 YEAR"),
        ("fin août", "2025-08-31 MONTH"),
        ("en mars", "2026-03-31 MONTH"),
        ("le 1er juillet", "2025-07-01 DAY"),
        ("lundi 9 juin", "2025-06-09 DAY"),
        ("d'ici deux mois", "2025-08-02 DAY"),
        ("dans quinze jours", "2025-06-17 DAY"),
        ("avant Noël", "2025-12-25 DAY"),
        ("cet été", "2025-08-31 QUARTER"),
        ("il y a trois jours", "2025-05-30 DAY"),
    ]);
}

#[test]
fn portuguese() {
    assert_said_on_monday(&[
        ("amanhã", "2025-06-03 DAY"),
        ("amanha às 9 da manhã", "2025-06-03 09:00"),
        ("depois de amanhã às 15h", "2025-06-04 15:00"),
        ("hoje à noite", "2025-06-02 DAY"),
        ("na sexta-feira", "2025-06-06 DAY"),
        ("na próxima segunda", "2025-06-09 DAY"),
        ("semana que vem", "2025-06-15 WEEK"),
        ("no próximo mês", "2025-07-31 MONTH"),
        ("até o fim do ano", "2025-12-31 YEAR"),
        ("até março", "2026-03-31 MONTH"),
        ("em 31 de dezembro", "2025-12-31 DAY"),
        ("daqui a dois meses", "2025-08-02 DAY"),
        ("até o Natal", "2025-12-25 DAY"),
        ("há dois dias", "2025-05-31 DAY"),
    ]);
}

#[test]
fn italian() {
    assert_said_on_monday(&[
        ("domani", "2025-06-03 DAY"),
        ("domani alle 9 di mattina", "2025-06-03 09:00"),
        ("dopodomani alle tre e mezza del pomeriggio", "2025-06-04 15:30"),
        ("stasera", "2025-06-02 DAY"),
        ("venerdì prossimo", "2025-06-06 DAY"),
        ("la settimana prossima", "2025-06-15 WEEK"),
        ("il mese prossimo", "2025-07-31 MONTH"),
        ("entro la fine dell'anno", "2025-12-31 YEAR"),
        ("entro giugno", "2025-06-30 MONTH"),
        ("il 31 dicembre", "2025-12-31 DAY"),
        ("fra due mesi", "2025-08-02 DAY"),
        ("entro Natale", "2025-12-25 DAY"),
        ("quest'estate", "2025-08-31 QUARTER"),
        ("due settimane fa", "2025-05-19 DAY"),
    ]);
}

#[test]
fn japanese() {
    assert_said_on_monday(&[
        ("明日", "2025-06-03 DAY"),
        ("明日の午後三時半", "2025-06-03 15:30"),
        ("明後日の朝９時に", "2025-06-04 09:00"),
        ("今夜", "2025-06-02 DAY"),
        ("金曜日までに", "2025-06-06 DAY"),
        ("来週の金曜日", "2025-06-13 DAY"),
        ("今週末", "2025-06-08 WEEK"),
        ("来月", "2025-07-31 MONTH"),
        ("来月末までに", "2025-07-31 MONTH"),
        ("年末までに", "2025-12-31 YEAR"),
        ("来年の三月までに", "2026-03-31 MONTH"),
        ("十二月二十五日", "2025-12-25 DAY"),
        ("二ヶ月後", "2025-08-02 DAY"),
        ("二週間以内に", "2025-06-16 DAY"),
        ("三日後", "2025-06-05 DAY"),
        ("クリスマスまでに", "2025-12-25 DAY"),
    ]);
}

#[test]
fn figures_of_any_script() {
    assert_said_on_monday(&[
        ("٣١/٠٨/٢٠٢٥", "2025-08-31 DAY"),
        ("2025-०८-३१", "2025-08-31 DAY"),
        ("３１．１２．２０２５", "2025-12-31 DAY"),
    ]);
}
