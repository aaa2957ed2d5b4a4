/** Small programs that take the place of something in a sockpit process, loaded before it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type StartOptions, temporaryFolder } from './sockpit.ts'

function preload(
  t: TestContext,
  source: string,
): StartOptions & { readonly env: Readonly<Record<string, string>> } {
  const path = join(temporaryFolder(t), 'preload.cjs')
  writeFileSync(path, source)
  return { env: { NODE_OPTIONS: `--require ${path}` } }
}

/** Tells on standard error which socket options are set: no kernel interface tells them everywhere. */
export function spyOnSockets(t: TestContext) {
  return preload(
    t,
    `const { Socket } = require('node:net')
    for (const name of ['setNoDelay', 'setKeepAlive']) {
      const original = Socket.prototype[name]
      Socket.prototype[name] = function (...args) {
        process.stderr.write(['spy', name, ...args].join(' ') + '\\n')
        return original.apply(this, args)
      }
    }`,
  )
}

/** A name service that answers with these addresses, whatever is asked; without any it takes a minute. */
export function resolveTo(t: TestContext, addresses: readonly string[]) {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  return preload(
    t,
    `const dns = require('node:dns/promises')
    const found = ${JSON.stringify(found)}
    dns.lookup = (host, { family = 0 } = {}) => found.length === 0
      ? new Promise((resolve) => setTimeout(resolve, 60_000, []))
      : Promise.resolve(found.filter((one) => family === 0 || one.family === family))`,
  )
}

/**
 * A network in which the datagram "from everywhere" comes from so many ports more, none of them real: of two
 * addresses that are set aside for documentation (RFC 5737), which take all that is sent there. Somebody
 * real speaks after each 2,000 of them. Standard error tells each tenth.
 */
export function sendFromEverywhere(t: TestContext, ports: number) {
  return preload(
    t,
    `const { Socket } = require('node:dgram')
    const { emit, send } = Socket.prototype
    let goOn = () => {}
    function spread(socket, payload, from, number) {
      if (number % ${ports / 10} === 0) process.stderr.write(number + ' have come\\n')
      for (let turn = 0; turn < 50; turn++, number++) {
        if (number === ${ports}) return
        const [address, port] = ['198.51.100.' + (number % 2), 1024 + Math.floor(number / 2)]
        emit.call(socket, 'message', Buffer.from(payload), { ...from, address, port })
      }
      if (number % 2000 > 0) setImmediate(spread, socket, payload, from, number)
      else goOn = () => spread(socket, payload, from, number)
    }
    Socket.prototype.emit = function (name, payload, from) {
      const next = String(payload) === 'from everywhere' ? () => spread(this, payload, from, 0) : goOn
      const isHeard = emit.apply(this, arguments)
      if (name === 'message') {
        goOn = () => {}
        next()
      }
      return isHeard
    }
    Socket.prototype.send = function (payload, port, address, done) {
      if (!String(address).startsWith('198.51.100.')) return send.apply(this, arguments)
      setImmediate(done, null, payload.length)
    }`,
  )
}
