// What Lambda's image for Node does around a handler: loads it, asks the runtime API for the next event,
// answers it. `node runtime.mjs dist/handler.cjs`
import http from 'node:http'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const loaded = await import(pathToFileURL(resolve(process.argv[2])))
const handler = loaded.handler ?? loaded.default.handler

for (;;) {
  const { headers, body } = await call('GET', 'invocation/next')
  const id = headers['lambda-runtime-aws-request-id']
  try {
    await call('POST', `invocation/${id}/response`, JSON.stringify(await handler(JSON.parse(body))))
  } catch (error) {
    const { name, message } = error
    await call('POST', `invocation/${id}/error`, JSON.stringify({ errorType: name, errorMessage: message }))
  }
}

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: `/2018-06-01/runtime/${path}` }
    if (body !== undefined) options.headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = http.request(options, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', part => { text += part })
      response.on('end', () => resolve({ headers: response.headers, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}
