// The tables, and how the benchmark fills them.

export const schema = `
  CREATE TABLE IF NOT EXISTS rooms (
    id text PRIMARY KEY,
    seq integer NOT NULL DEFAULT 0,
    preview text,
    last_message_at timestamptz
  );
  CREATE TABLE IF NOT EXISTS members (
    room_id text NOT NULL REFERENCES rooms,
    user_id text NOT NULL,
    unread integer NOT NULL DEFAULT 0,
    last_message_at timestamptz,
    PRIMARY KEY (room_id, user_id)
  );
  CREATE INDEX IF NOT EXISTS inbox ON members (user_id, last_message_at DESC NULLS LAST);
  CREATE TABLE IF NOT EXISTS messages (
    room_id text NOT NULL REFERENCES rooms,
    seq integer NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    sender_id text NOT NULL,
    body text NOT NULL,
    client_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room_id, seq),
    UNIQUE (room_id, sender_id, client_id)
  );`

// $2 rooms of the person $1, each with somebody who wrote once.
export const seedRooms = `
  WITH made AS (
    INSERT INTO rooms (id, seq, preview, last_message_at)
    SELECT $1::text || '-' || n, 1, 'Hello, I have a question about what you wrote.', now() - n * interval '2 minutes'
    FROM generate_series(1, $2::int) n RETURNING id, last_message_at
  )
  INSERT INTO members (room_id, user_id, unread, last_message_at)
  SELECT id, unnest(ARRAY[$1::text, 'somebody-' || id]), 1, last_message_at FROM made`

// $2 messages in the room $1.
export const seedMessages = `
  WITH made AS (UPDATE rooms SET seq = $2::int WHERE id = $1)
  INSERT INTO messages (room_id, seq, sender_id, body)
  SELECT $1, n, 'pat', 'Hello, I have a question about what you wrote the other day. Number ' || n
  FROM generate_series(1, $2::int) n`
