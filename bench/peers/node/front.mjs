// The handler behind HTTP, as API Gateway would call it, in one process: `node front.mjs` says where it
// listens.
import http from 'node:http'
import { createRequire } from 'node:module'
import { history } from './history.mjs'

const { handler } = createRequire(import.meta.url)('./dist/handler.cjs')

const server = http.createServer(async (request, response) => {
  const { pathname, search, searchParams } = new URL(request.url, 'http://localhost')
  const room = /^\/v1\/rooms\/([\w-]+)\/messages$/.exec(pathname)?.[1]
  if (request.method === 'GET' && room) {
    const { before, limit } = Object.fromEntries(searchParams)
    return response.end(JSON.stringify(await history(room, before, limit)))
  }
  let body = ''
  request.setEncoding('utf8')
  for await (const part of request) body += part
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: request.headers,
    requestContext: { http: { method: request.method, path: pathname }, stage: '$default' },
    body,
    isBase64Encoded: false,
  }
  try {
    const answer = await handler(event)
    response.writeHead(answer.statusCode, answer.headers).end(answer.body)
  } catch (error) {
    response.writeHead(500).end(JSON.stringify({ error: error.message }))
  }
})

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`front: http://127.0.0.1:${server.address().port}`)
})
