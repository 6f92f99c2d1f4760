// `create_message` as an event of API Gateway (v2): checks the token and the membership, writes message,
// room and members in one transaction, triggers the event, answers 201. The table is the textbook's:
// bench/src/peers/textbook.rs describes it.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import jwt from 'jsonwebtoken'
import Pusher from 'pusher'

const { TEXTBOOK_TABLE: table, JWT_SECRET, JWT_ISSUER, JWT_AUDIENCE } = process.env
const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}))
const pusher = new Pusher({
  appId: process.env.PUSHER_APP_ID,
  key: process.env.PUSHER_KEY,
  secret: process.env.PUSHER_SECRET,
  host: process.env.PUSHER_HOST,
  port: process.env.PUSHER_PORT,
  useTLS: false,
})

const ATTEMPTS = 30

export async function handler(event) {
  const claims = caller(event.headers.authorization)
  if (!claims) return answer(401, { error: 'no valid token' })
  const room = /^\/v1\/rooms\/([\w-]+)\/messages$/.exec(event.rawPath)?.[1]
  if (!room || event.requestContext.http.method !== 'POST') return answer(404, { error: 'not found' })
  const { body, client_id = null } = JSON.parse(event.body)
  if (typeof body !== 'string' || body === '' || body.length > 10_000) return answer(400, { error: 'bad body' })

  const message = await store(room, claims.sub, body, client_id)
  if (message === null) return answer(404, { error: 'not found' })
  if (message === undefined) return answer(503, { error: 'busy' })
  await pusher.trigger(`private-room-${room}`, 'new_message', message)
  return answer(201, message)
}

function caller(header) {
  try {
    const options = { algorithms: ['HS256'], issuer: JWT_ISSUER, audience: JWT_AUDIENCE }
    return jwt.verify(header.replace(/^Bearer /, ''), JWT_SECRET, options)
  } catch {
    return null
  }
}

// The message as stored; null for one who is no member, undefined where others were always faster.
async function store(room, sender, body, client_id) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { Items: items } = await dynamodb.send(new QueryCommand({
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :meta)',
      ExpressionAttributeValues: { ':pk': `ROOM#${room}`, ':meta': 'META#' },
    }))
    const head = items.find(item => item.sk === 'META#ROOM')
    const members = items.filter(item => item.user_id)
    if (!head || !members.some(member => member.user_id === sender)) return null
    const message = {
      id: randomUUID(), room_id: room, seq: head.seq + 1, client_id, sender_id: sender, body,
      created_at: new Date().toISOString(),
    }
    try {
      await dynamodb.send(new TransactWriteCommand({ TransactItems: writes(message, head, members) }))
      return message
    } catch (error) {
      if (error.name !== 'TransactionCanceledException') throw error
      await sleep(Math.random() * Math.min(1000, 10 * 2 ** attempt))
    }
  }
}

function writes(message, head, members) {
  const { room_id, seq, sender_id, created_at } = message
  const preview = message.body.slice(0, 100)
  const pk = `ROOM#${room_id}`
  return [
    {
      Put: {
        TableName: table,
        Item: { pk, sk: `MSG#${String(seq).padStart(12, '0')}`, ...message },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    },
    {
      Update: {
        TableName: table,
        Key: { pk, sk: 'META#ROOM' },
        UpdateExpression: 'SET seq = :seq, preview = :preview, last_message_at = :at',
        ConditionExpression: 'seq = :before',
        ExpressionAttributeValues: { ':seq': seq, ':before': head.seq, ':preview': preview, ':at': created_at },
      },
    },
    ...members.map(({ user_id }) => ({
      Update: {
        TableName: table,
        Key: { pk, sk: `META#MEMBER#${user_id}` },
        UpdateExpression: 'SET preview = :preview, inbox_sk = :order ADD unread :unread',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: {
          ':preview': preview, ':order': `${created_at}#${room_id}`, ':unread': user_id === sender_id ? 0 : 1,
        },
      },
    })),
  ]
}

function answer(statusCode, body) {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
