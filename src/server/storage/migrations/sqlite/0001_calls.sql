-- Calls and what was heard in them. Times are milliseconds since the Unix epoch; ids are UUIDv7 made by the program.

CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name in lower case, folded by the program, to be searched.
    name_norm TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('new', 'contacted', 'qualified', 'proposal', 'booked', 'lost')),
    source TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contacts_status ON contacts (status, updated_at);

CREATE TABLE contact_phones (
    id TEXT PRIMARY KEY,
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    e164 TEXT NOT NULL CHECK (e164 LIKE '+%'),
    is_primary INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
    created_at INTEGER NOT NULL,
    UNIQUE (contact_id, e164)
) STRICT;
CREATE INDEX contact_phones_e164 ON contact_phones (e164);
CREATE UNIQUE INDEX contact_phones_primary ON contact_phones (contact_id) WHERE is_primary = 1;

-- A call for each life of a room: a room that opens again under its name is another call.
CREATE TABLE voice_calls (
    id TEXT PRIMARY KEY,
    room_name TEXT NOT NULL,
    room_sid TEXT NOT NULL UNIQUE,
    contact_id TEXT REFERENCES contacts (id),
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    call_type TEXT NOT NULL,
    transport TEXT NOT NULL CHECK (transport IN ('web', 'livekit_sip', 'twilio_stream')),
    status TEXT NOT NULL CHECK (status IN ('queued', 'dialing', 'ringing', 'in_progress', 'completed', 'busy',
        'no_answer', 'failed', 'canceled', 'rejected', 'voicemail')),
    end_reason TEXT,
    answered_by TEXT CHECK (answered_by IN ('assistant', 'team')),
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    duration_ms INTEGER,
    -- How the end of the room is known, and its time; status and ended_at follow from it and from the participants.
    closed_how TEXT CHECK (closed_how IN ('told', 'lost', 'unseen')),
    closed_at INTEGER,
    -- The last time at which the call was known to go on.
    seen_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX voice_calls_room ON voice_calls (room_name, started_at);
CREATE INDEX voice_calls_started ON voice_calls (started_at);
CREATE INDEX voice_calls_open ON voice_calls (started_at) WHERE closed_how IS NULL;

CREATE TABLE call_participants (
    call_id TEXT NOT NULL REFERENCES voice_calls (id),
    sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'assistant', 'machine')),
    joined_at INTEGER NOT NULL,
    left_at INTEGER,
    disconnect_reason TEXT,
    PRIMARY KEY (call_id, sid)
) STRICT;

CREATE TABLE transcript_segments (
    call_id TEXT NOT NULL REFERENCES voice_calls (id),
    segment_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    speaker TEXT NOT NULL CHECK (speaker IN ('visitor', 'agent', 'staff')),
    participant TEXT NOT NULL,
    text TEXT NOT NULL,
    is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
    interrupted INTEGER NOT NULL CHECK (interrupted IN (0, 1)),
    typed INTEGER NOT NULL CHECK (typed IN (0, 1)),
    -- From the call's start.
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (call_id, segment_id)
) STRICT;

CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    call_id TEXT REFERENCES voice_calls (id),
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_contact ON notes (contact_id, created_at);
CREATE INDEX notes_call ON notes (call_id);

-- Webhooks that were applied, so that each is applied once.
CREATE TABLE webhook_events (
    source TEXT NOT NULL,
    event_key TEXT NOT NULL,
    type TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (source, event_key)
) STRICT;
CREATE INDEX webhook_events_received ON webhook_events (received_at);

CREATE TABLE call_metrics (
    call_id TEXT NOT NULL REFERENCES voice_calls (id),
    identity TEXT NOT NULL,
    ts INTEGER NOT NULL,
    loss_pct REAL,
    jitter_ms REAL,
    rtt_ms REAL,
    quality TEXT,
    stt_ms INTEGER,
    llm_ms INTEGER,
    tts_ms INTEGER,
    e2e_ms INTEGER
) STRICT;
CREATE INDEX call_metrics_call ON call_metrics (call_id, ts);
