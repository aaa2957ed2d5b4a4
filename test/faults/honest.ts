/** The client that does nothing wrong: while somebody else does, it is served as if it were alone. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { openMailbox } from '../e2e/datagrams.ts'
import { connectTo } from '../e2e/sockets.ts'
import { openTheirs } from '../e2e/web-sockets.ts'

/** Sends a text and answers what came back. */
export type RoundTrip = (text: string) => Promise<string | undefined>

/** A WebSocket of npm's ws. */
export async function honestWebSocket(t: TestContext, url: string): Promise<RoundTrip> {
  const their = await openTheirs(t, url)
  return async (text) => (await their.echo(text))?.bytes.toString()
}

/** A TCP connection to an echo service. */
export async function honestStream(t: TestContext, port: number): Promise<RoundTrip> {
  const peer = await connectTo(t, port)
  return async (text) => {
    const before = peer.received.length
    peer.socket.write(text)
    await peer.has(before + Buffer.byteLength(text))
    return peer.received.subarray(before).toString()
  }
}

/** So long a line of a chat may take until it is taken for dropped, milliseconds: far longer than it should. */
const droppedMs = 2_000

/** Two who chat: what one says is what the other hears; undefined where a listener could not keep up and missed it. */
export async function honestChat(t: TestContext, port: number, patienceMs = droppedMs): Promise<RoundTrip> {
  const [speaker, listener] = [await connectTo(t, port), await connectTo(t, port)]
  let line = ''
  let tail = ''
  let heard: (text: string) => void = () => {}
  listener.socket.removeAllListeners('data')
  listener.socket.on('data', (chunk: Buffer) => {
    const text = tail + chunk.toString('latin1')
    const at = line === '' ? -1 : text.indexOf(line)
    if (at !== -1) heard(text.slice(at, at + line.length - 1))
    tail = text.slice(-line.length)
  })
  return (text) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), patienceMs)
      line = `${text}\n`
      heard = (what) => {
        clearTimeout(timer)
        resolve(what)
      }
      speaker.socket.write(line)
    })
}

/** A UDP socket that speaks to an echo service. */
export async function honestDatagrams(t: TestContext, port: number): Promise<RoundTrip> {
  const mailbox = await openMailbox(t)
  return async (text) => {
    const before = mailbox.letters.length
    await mailbox.send(text, port)
    return (await mailbox.at(before)).payload.toString()
  }
}

/** So long the answer to a datagram may take until it is taken for lost, milliseconds. */
const lostMs = 500

/** The same beside a flood, in which datagrams are lost: undefined where nothing came. */
export async function honestLossyDatagrams(t: TestContext, port: number): Promise<RoundTrip> {
  const mailbox = await openMailbox(t)
  let asked = 0
  return async (text) => {
    asked += 1
    const question = `${asked} ${text}`
    const answer = new Promise<string | undefined>((resolve) => {
      const settle = (what: string | undefined) => {
        clearTimeout(timer)
        mailbox.socket.off('message', look)
        resolve(what)
      }
      const look = (payload: Buffer) => {
        if (payload.toString() === question) settle(text)
      }
      const timer = setTimeout(() => settle(undefined), lostMs)
      mailbox.socket.on('message', look)
    })
    await mailbox.send(question, port)
    return answer
  }
}

/**
 * Does what is wrong while an honest client goes round and round, at least once before it and once behind it.
 * Answers how long its round trips took, milliseconds.
 * @throws AssertionError where an echo is not what was sent, or none comes
 */
export async function served(roundTrip: RoundTrip, misbehave: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  const turn = async () => {
    const text = `honest ${times.length}`
    const startedAt = performance.now()
    assert.equal(await roundTrip(text), text, 'the honest client was not served')
    times.push(performance.now() - startedAt)
  }
  await turn()
  let isOver = false
  const misbehaviour = misbehave().finally(() => {
    isOver = true
  })
  // Whoever waits for it below hears of its failure; until then it is none.
  misbehaviour.catch(() => {})
  while (!isOver) {
    await turn()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await misbehaviour
  await turn()
  return times
}
