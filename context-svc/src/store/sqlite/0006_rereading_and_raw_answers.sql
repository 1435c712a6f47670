-- With what a context was read, and when it was saved; null while there is none, or if no model was asked.
ALTER TABLE conversation ADD COLUMN prompt_version TEXT;
ALTER TABLE conversation ADD COLUMN extracted_at INTEGER;

UPDATE conversation
SET prompt_version = json_extract(context, '$.prompt_version'), extracted_at = coalesce(job_updated_at, 0)
WHERE context IS NOT NULL AND json_extract(context, '$.outcome') <> 'EMPTY';

-- What may be read again: of what waits for a higher generation already, nothing is in here.
CREATE INDEX conversation_read_by ON conversation (prompt_version, extracted_at, user_id, conversation_id)
    WHERE prompt_version IS NOT NULL AND (job_want >> 40) = (job_done >> 40);

-- What the model last answered that could not be used. Last, because what stands behind it would be read through it.
ALTER TABLE conversation ADD COLUMN job_raw_answer TEXT;
