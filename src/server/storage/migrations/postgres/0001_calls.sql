-- Calls and what was heard in them. Times are milliseconds since the Unix epoch; ids are UUIDv7 made by the program.

CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name in lower case, folded by the program, to be searched.
    name_norm TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('new', 'contacted', 'qualified', 'proposal', 'booked', 'lost')),
    source TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX contacts_status ON contacts (status, updated_at);

CREATE TABLE contact_phones (
    id TEXT PRIMARY KEY,
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    e164 TEXT NOT NULL CHECK (e164 LIKE '+%'),
    is_primary BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (contact_id, e164)
);
CREATE INDEX contact_phones_e164 ON contact_phones (e164);
CREATE UNIQUE INDEX contact_phones_primary ON contact_phones (contact_id) WHERE is_primary;

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
    started_at BIGINT NOT NULL,
    answered_at BIGINT,
    ended_at BIGINT,
    duration_ms BIGINT,
    -- How the end of the room is known, and its time; status and ended_at follow from it and from the participants.
    closed_how TEXT CHECK (closed_how IN ('told', 'lost', 'unseen')),
    closed_at BIGINT,
    -- The last time at which the call was known to go on.
    seen_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX voice_calls_room ON voice_calls (room_name, started_at);
CREATE INDEX voice_calls_started ON voice_calls (started_at);
CREATE INDEX voice_calls_open ON voice_calls (started_at) WHERE closed_how IS NULL;

CREATE TABLE call_participants (
    call_id TEXT NOT NULL REFERENCES voice_calls (id),
    sid TEXT NOT NULL,
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'assistant', 'machine')),
    joined_at BIGINT NOT NULL,
    left_at BIGINT,
    disconnect_reason TEXT,
    PRIMARY KEY (call_id, sid)
);

CREATE TABLE transcript_segments (
    call_id TEXT NOT NULL REFERENCES voice_calls (id),
    segment_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    speaker TEXT NOT NULL CHECK (speaker IN ('visitor', 'agent', 'staff')),
    participant TEXT NOT NULL,
    text TEXT NOT NULL,
    is_final BOOLEAN NOT NULL,
    interrupted BOOLEAN NOT NULL,
    typed BOOLEAN NOT NULL,
    -- From the call's start.
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (call_id, segment_id)
);

CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    call_id TEXT REFERENCES voice_calls (id),
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX notes_contact ON notes (contact_id, created_at);
CREATE INDEX notes_call ON notes (call_id);

-- Webhooks that were applied, so that each is applied once.
CREATE TABLE webhook_events (
    source TEXT NOT NULL,
    event_key TEXT NOT NULL,
    type TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (source, event_key)
);
CREATE INDEX webhook_events_received ON webhook_events (received_at);

CREATE TABLE call_metrics (
    call_id TEXT NOT NULL REFERENCES voice_calls (id),
    identity TEXT NOT NULL,
    ts BIGINT NOT NULL,
    loss_pct DOUBLE PRECISION,
    jitter_ms DOUBLE PRECISION,
    rtt_ms DOUBLE PRECISION,
    quality TEXT,
    stt_ms BIGINT,
    llm_ms BIGINT,
    tts_ms BIGINT,
    e2e_ms BIGINT
);
CREATE INDEX call_metrics_call ON call_metrics (call_id, ts);
