// A page of a room's messages, as the handler of that call would answer it: for those who judge what was stored.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'

const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}))

export async function history(room, before = 1e12, limit = 50) {
  const last = String(before - 1).padStart(12, '0')
  const { Items: rows } = await dynamodb.send(new QueryCommand({
    TableName: process.env.TEXTBOOK_TABLE,
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':pk': `ROOM#${room}`, ':first': 'MSG#', ':last': `MSG#${last}` },
    ScanIndexForward: false,
    Limit: Number(limit),
  }))
  return { messages: rows.reverse() }
}
