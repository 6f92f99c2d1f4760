// A chat of socket.io, Express and PostgreSQL, as its users would build one with care: a post is one
// transaction that checks the membership, takes the room's next number, and counts what the others have not
// read; a repeat under the same client id finds its message; events follow the commit.
import express from 'express'
import http from 'node:http'
import jwt from 'jsonwebtoken'
import pg from 'pg'
import { Server } from 'socket.io'
import { schema, seedMessages, seedRooms } from './schema.mjs'

const { JWT_SECRET, JWT_ISSUER, JWT_AUDIENCE, DATABASE_HOST, DATABASE_PORT, PORT = '0' } = process.env
const pool = new pg.Pool({ host: DATABASE_HOST, port: DATABASE_PORT, user: 'postgres', database: 'postgres', max: 10 })
await pool.query(schema)

const app = express()
const server = http.createServer(app)
const io = new Server(server, { transports: ['websocket'] })

const claims = token =>
  jwt.verify(token, JWT_SECRET, { algorithms: ['HS256'], issuer: JWT_ISSUER, audience: JWT_AUDIENCE })

app.get('/healthz', (_, response) => response.send('ok'))
app.use(express.json())

// What the benchmark prepares; not part of the chat.
app.post('/bench/rooms', async (request, response) => {
  const { id, members } = request.body
  await pool.query('INSERT INTO rooms (id) VALUES ($1)', [id])
  await pool.query('INSERT INTO members (room_id, user_id) SELECT $1, unnest($2::text[])', [id, members])
  response.status(201).json({ id })
})
app.post('/bench/seed', async (request, response) => {
  const { person, rooms, room, messages } = request.body
  if (rooms) await pool.query(seedRooms, [person, rooms])
  if (messages) await pool.query(seedMessages, [room, messages])
  await pool.query('ANALYZE')
  response.json({})
})

app.use((request, response, next) => {
  try {
    request.user = claims(request.headers.authorization.replace(/^Bearer /, '')).sub
    next()
  } catch {
    response.status(401).json({ error: 'no valid token' })
  }
})

app.post('/v1/rooms/:room/messages', async (request, response) => {
  const { body, client_id = null } = request.body
  if (typeof body !== 'string' || body === '' || body.length > 10_000) return response.status(400).json({ error: 'bad body' })
  const [status, message] = await store(request.params.room, request.user, body, client_id)
  if (status === 201) io.to(request.params.room).emit('new_message', message)
  response.status(status).json(message)
})

app.get('/v1/rooms', async (request, response) => {
  const { limit = 20, offset = 0 } = request.query
  const { rows } = await pool.query(
    `SELECT r.id, r.seq, r.preview, r.last_message_at, m.unread FROM members m JOIN rooms r ON r.id = m.room_id
     WHERE m.user_id = $1 ORDER BY m.last_message_at DESC NULLS LAST LIMIT $2 OFFSET $3`,
    [request.user, limit, offset])
  response.json({ rooms: rows })
})

app.get('/v1/rooms/:room/messages', async (request, response) => {
  const { before = 2 ** 31 - 1, limit = 50 } = request.query
  const { rows } = await pool.query(
    `SELECT * FROM messages WHERE room_id = $1 AND seq < $2
     AND EXISTS (SELECT 1 FROM members WHERE room_id = $1 AND user_id = $3) ORDER BY seq DESC LIMIT $4`,
    [request.params.room, before, request.user, limit])
  response.json({ messages: rows.reverse() })
})

// One transaction; a status and what to answer with it.
async function store(room, sender, body, client_id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const head = await client.query(
      `UPDATE rooms SET seq = seq + 1, preview = left($3, 100), last_message_at = now() WHERE id = $1
       AND EXISTS (SELECT 1 FROM members WHERE room_id = $1 AND user_id = $2) RETURNING seq`, [room, sender, body])
    if (head.rowCount === 0) {
      await client.query('ROLLBACK')
      return [404, { error: 'not found' }]
    }
    const message = await client.query(
      `INSERT INTO messages (room_id, seq, sender_id, body, client_id) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (room_id, sender_id, client_id) DO NOTHING RETURNING *`,
      [room, head.rows[0].seq, sender, body, client_id])
    if (message.rowCount === 0) {
      await client.query('ROLLBACK')
      const found = await client.query(
        'SELECT * FROM messages WHERE room_id = $1 AND sender_id = $2 AND client_id = $3', [room, sender, client_id])
      return [200, found.rows[0]]
    }
    await client.query(
      `UPDATE members SET last_message_at = now(), unread = unread + (user_id <> $2)::int WHERE room_id = $1`,
      [room, sender])
    await client.query('COMMIT')
    return [201, message.rows[0]]
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

io.use((socket, next) => {
  try {
    socket.data.user = claims(socket.handshake.auth.token).sub
    next()
  } catch {
    next(new Error('no valid token'))
  }
})
io.on('connection', socket => {
  socket.on('join', async (room, acknowledge) => {
    const { rowCount } = await pool.query(
      'SELECT 1 FROM members WHERE room_id = $1 AND user_id = $2', [room, socket.data.user])
    if (rowCount === 1) socket.join(room)
    acknowledge(rowCount === 1)
  })
})

server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`socketio: http://127.0.0.1:${server.address().port}`)
})
