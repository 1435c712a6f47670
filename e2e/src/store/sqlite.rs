//! The witness of the SQLite files: triggers that run inside the services' own transactions, so that not even a kill right
//! after a commit hides it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row};

use super::{Claim, Commit, Ending, Heard, Kept, Life, Summarised, Unsettled, Witnessed};

/// A worker and a lease are compared by what the store knows, not by anybody's clock.
const WITNESS: &str = "
CREATE TABLE witness_commit (
    n INTEGER PRIMARY KEY, user_id TEXT, conversation_id TEXT, incarnation TEXT,
    upto INTEGER, fence INTEGER, fence_before INTEGER, state_before TEXT);
CREATE TRIGGER witness_commit AFTER UPDATE ON conversation
WHEN new.extracted_to <> old.extracted_to OR new.extract_fence <> old.extract_fence
BEGIN
    INSERT INTO witness_commit VALUES (NULL, new.user_id, new.conversation_id, new.incarnation,
                                       new.extracted_to, new.extract_fence, old.job_fence, old.job_state);
END;

CREATE TABLE witness_claim (
    n INTEGER PRIMARY KEY, user_id TEXT, conversation_id TEXT, incarnation TEXT, fence INTEGER, lease_left INTEGER);
CREATE TRIGGER witness_claim AFTER UPDATE ON conversation
WHEN new.job_owner IS NOT NULL AND (new.job_owner IS NOT old.job_owner OR new.job_fence <> old.job_fence)
BEGIN
    INSERT INTO witness_claim VALUES (NULL, new.user_id, new.conversation_id, new.incarnation, new.job_fence,
                                      old.job_lease_until - new.job_updated_at);
END;

CREATE TABLE witness_summary (user_id TEXT, epoch INTEGER);
CREATE TABLE witness_summarised (user_id TEXT, conversation_id TEXT, incarnation TEXT, fence INTEGER, epoch INTEGER);
CREATE TRIGGER witness_summary AFTER UPDATE ON user_memory WHEN new.epoch <> old.epoch
BEGIN
    INSERT INTO witness_summary VALUES (new.user_id, new.epoch);
    INSERT INTO witness_summarised
    SELECT new.user_id, covered.value ->> '$.conversation_id', covered.value ->> '$.incarnation',
           covered.value ->> '$.extract_fence', new.epoch
    FROM json_each(new.marking, '$.covered') AS covered;
END;

CREATE TABLE witness_depth (most INTEGER);
INSERT INTO witness_depth VALUES (0);
CREATE TRIGGER witness_depth AFTER UPDATE ON queue_depth
BEGIN
    UPDATE witness_depth SET most = max(most, new.live);
END;
";

const CONVERSATIONS: &str = "
    SELECT user_id, conversation_id, incarnation, dirty,
           deleting = 0 AND era = (SELECT era FROM user_memory m WHERE m.user_id = conversation.user_id) AS is_visible,
           last_seq, job_state, job_want, job_done,
           extracted_to, json_extract(context, '$.extracted_seq') AS context_seq, job_error_reason,
           (CAST(unixepoch('subsec') * 1000000 AS INTEGER) - job_lease_until) / 1000 AS overdue_ms
    FROM conversation ORDER BY user_id, conversation_id";

const IN_MEMORIES: &str = "
    SELECT (SELECT count(*) FROM user_memory WHERE job_state IN ('PENDING', 'RUNNING') OR marking IS NOT NULL)
         + (SELECT count(*) FROM message m
            WHERE NOT EXISTS (SELECT 1 FROM conversation c WHERE c.user_id = m.user_id
                              AND c.conversation_id = m.conversation_id AND c.incarnation = m.incarnation))
         + (SELECT coalesce(sum(c.open), 0) FROM user_memory u
            JOIN (SELECT user_id, era, count(*) AS open FROM conversation WHERE unsummarised = 1 AND deleting = 0
                  GROUP BY user_id, era) c ON c.user_id = u.user_id AND c.era = u.era
            WHERE u.job_state <> 'DEAD' AND c.open >= ?1)";

const TOLD: &str = "
    SELECT user_id, talk.value ->> '$.conversation_id'
    FROM user_memory, json_each(summary, '$.parts') AS part, json_each(part.value, '$.talks') AS talk";

/// Sessions that end for these reasons may have left something to extract.
const ENDINGS: &str = "
    SELECT session_id, outbox_state, revoked_reason IN ('logout', 'session_revoked', 'refresh_reuse') AS asks
    FROM login_session WHERE revoked_at IS NOT NULL";

/// Every column of every table, of one database.
const COLUMNS: &str = "
    SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid";

/// Where `word` stands in a database, in whatever case and as a part of whatever: `table.column`.
pub(crate) fn places_of(word: &str, file: &Path) -> rusqlite::Result<Vec<String>> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(Duration::from_secs(5))?;
    let mut statement = db.prepare(COLUMNS)?;
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // Before anything is looked at: a reader that goes on keeps the log from being emptied.
    let columns: Vec<(String, String)> = columns.collect::<rusqlite::Result<_>>()?;
    let mut places = Vec::new();
    for (table, column) in columns {
        let holds = format!(
            "SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE instr(lower(CAST(\"{column}\" AS TEXT)), lower(?1)) > 0)"
        );
        if db.query_row(&holds, [word], |row| row.get::<_, bool>(0))? {
            places.push(format!("{table}.{column}"));
        }
    }
    Ok(places)
}

/// Lets the witness into context-svc's file, which must exist and which no process may have open.
pub(crate) fn admit_witness(context: &Path) -> rusqlite::Result<()> {
    Connection::open(context)?.execute_batch(WITNESS)
}

/// What is still to be done, if `enough` contexts make a summary. The services may be running.
pub(crate) fn unsettled(context: &Path, auth: &Path, enough: i64) -> rusqlite::Result<Unsettled> {
    let db = reader(context)?;
    let mut conversations = conversations(&db)?;
    conversations.retain(Kept::is_unsettled);
    let pending = "SELECT count(*) FROM login_session WHERE outbox_state = 'pending'";
    Ok(Unsettled {
        conversations,
        in_memories: db.query_row(IN_MEMORIES, [enough], |row| row.get(0))?,
        unsent: reader(auth)?.query_row(pending, [], |row| row.get(0))?,
    })
}

/// Everything, once the services have ended.
pub(crate) fn witnessed(context: &Path, auth: &Path) -> rusqlite::Result<Witnessed> {
    let db = reader(context)?;
    let number = |query| db.query_row(query, [], |row| row.get(0));
    Ok(Witnessed {
        conversations: conversations(&db)?,
        messages: all(&db, "SELECT * FROM message ORDER BY user_id, conversation_id, seq", heard)?,
        commits: all(&db, "SELECT * FROM witness_commit ORDER BY n", commit)?,
        claims: all(&db, "SELECT * FROM witness_claim ORDER BY n", claim)?,
        summarised: all(&db, "SELECT * FROM witness_summarised", summarised)?,
        summaries: number("SELECT count(*) FROM witness_summary")?,
        summaries_of_nothing: number(
            "SELECT count(*) FROM (SELECT user_id, epoch FROM witness_summary
                                    EXCEPT SELECT user_id, epoch FROM witness_summarised)",
        )?,
        told: all(&db, TOLD, |row| Ok((row.get(0)?, row.get(1)?)))?,
        depth_counted: number("SELECT live FROM queue_depth")?,
        depth_most: number("SELECT most FROM witness_depth")?,
        endings: all(&reader(auth)?, ENDINGS, ending)?,
    })
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", 1)?;
    Ok(connection)
}

fn conversations(db: &Connection) -> rusqlite::Result<Vec<Kept>> {
    all(db, CONVERSATIONS, kept)
}

fn all<T>(db: &Connection, query: &str, of: fn(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<Vec<T>> {
    db.prepare(query)?.query_map([], of)?.collect()
}

fn life(row: &Row<'_>) -> rusqlite::Result<Life> {
    Ok(Life {
        user: row.get("user_id")?,
        conversation: row.get("conversation_id")?,
        incarnation: row.get("incarnation")?,
    })
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        life: life(row)?,
        is_visible: row.get("is_visible")?,
        is_dirty: row.get("dirty")?,
        last_seq: row.get("last_seq")?,
        state: row.get("job_state")?,
        want: row.get("job_want")?,
        done: row.get("job_done")?,
        extracted_to: row.get("extracted_to")?,
        context_seq: row.get("context_seq")?,
        reason: row.get("job_error_reason")?,
        overdue_ms: row.get("overdue_ms")?,
    })
}

fn heard(row: &Row<'_>) -> rusqlite::Result<Heard> {
    Ok(Heard { life: life(row)?, seq: row.get("seq")?, client_id: row.get("client_id")?, text: row.get("text")? })
}

fn commit(row: &Row<'_>) -> rusqlite::Result<Commit> {
    Ok(Commit {
        life: life(row)?,
        upto: row.get("upto")?,
        fence: row.get("fence")?,
        fence_before: row.get("fence_before")?,
        state_before: row.get("state_before")?,
    })
}

fn claim(row: &Row<'_>) -> rusqlite::Result<Claim> {
    let left = row.get::<_, Option<i64>>("lease_left")?;
    Ok(Claim { life: life(row)?, fence: row.get("fence")?, lease_left_ms: left.map(|micros| micros / 1000) })
}

fn summarised(row: &Row<'_>) -> rusqlite::Result<Summarised> {
    Ok(Summarised { life: life(row)?, fence: row.get("fence")? })
}

fn ending(row: &Row<'_>) -> rusqlite::Result<Ending> {
    Ok(Ending {
        session: row.get("session_id")?,
        asks_for_extraction: row.get("asks")?,
        outbox: row.get("outbox_state")?,
    })
}
