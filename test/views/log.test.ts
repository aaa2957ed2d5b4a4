import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Endpoint, Event, EventKind, EventOf } from '../../src/event.ts'
import { cellWidth } from '../../src/views/cells.ts'
import { createLogView, type LogOptions } from '../../src/views/log.ts'
import { recorded } from './recorded.ts'
import { recordedUdp } from './recorded-udp.ts'
import { recordedWebSocket } from './recorded-websocket.ts'

const here: Endpoint = { address: '127.0.0.1', port: 9000, family: 'IPv4' }
const elsewhere: Endpoint = { ...here, port: 5_353 }

const plainOptions: LogOptions = {
  transport: 'tcp',
  width: () => 80,
  color: false,
  time: 'none',
  show: 256,
  verbosity: 0,
  isPlain: false,
  startedAt: new Date(0),
}

function render(event: Event, options: Partial<LogOptions> = {}): string {
  return String(createLogView({ ...plainOptions, ...options }).render(event) ?? '')
}

function read(payload: Uint8Array, socket = 'client'): Event {
  return { kind: 'bytes', seq: 1, at: 0, socket, direction: 'received', size: payload.length, payload }
}

const all: readonly Event[] = [...recorded, ...recordedUdp]

function datagram(payload: Uint8Array, more: Partial<EventOf<'datagram'>> = {}): Event {
  const size = payload.length
  const stamp = { seq: 1, at: 0, socket: 'client' } as const
  return { kind: 'datagram', ...stamp, direction: 'received', size, remote: here, payload, ...more }
}

test('verbosity decides which kinds are wanted', () => {
  const wanted = (options: Partial<LogOptions>): EventKind[] => {
    const view = createLogView({ ...plainOptions, ...options })
    return [...new Set(all.map(({ kind }) => kind))].filter((kind) => view.wants(kind))
  }
  const attempts: readonly EventKind[] = ['resolved', 'connecting']
  const everything = wanted({ verbosity: 1 })
  assert.equal(everything.length, 23)
  assert.deepEqual(wanted({ verbosity: 2 }), everything)
  assert.deepEqual(
    wanted({ verbosity: 0 }),
    everything.filter((kind) => !attempts.includes(kind)),
  )
  assert.deepEqual(wanted({ verbosity: -1 }), [])
})

test('what is not wanted is not rendered; a failed attempt waits for -v', () => {
  for (const event of all) {
    assert.equal(render(event, { verbosity: -1 }), '')
    const isAttempt =
      ['resolved', 'connecting'].includes(event.kind) ||
      (['refused', 'failed'].includes(event.kind) && 'tookMs' in event)
    assert.equal(render(event) === '', isAttempt, event.kind)
    assert.notEqual(render(event, { verbosity: 1 }), '')
  }
})

test('a payload is cut before a character, and the rest is counted', () => {
  const text = (payload: string, show: number): string => render(read(Buffer.from(payload)), { show })
  assert.match(text('abcdef', 6), /read {3}abcdef\n$/)
  assert.match(text('abcdef', 5), /read {3}abcde\n +… 1 B more\n$/)
  assert.match(text('ab漢字', 4), /read {3}ab\n +… 6 B more\n$/)
  assert.match(text('ab漢字', 5), /read {3}ab漢\n +… 3 B more\n$/)
  assert.match(text('漢', 1), /read {3}… 3 B more\n$/)
  assert.match(text('x'.repeat(400), Number.POSITIVE_INFINITY), /x\n$/)
})

test('the end of what came instead is cut after a character', () => {
  const event: Event = {
    kind: 'expected',
    seq: 1,
    at: 0,
    socket: 'client',
    met: false,
    payload: Buffer.from('0123456789'),
    tookMs: 1,
    instead: Buffer.from('abc漢d'),
  }
  assert.match(render(event, { show: 3 }), /"012…"\n +what came {3}"…d"\n$/)
  assert.match(render(event, { show: 4 }), /"0123…"\n +what came {3}"…漢d"\n$/)
})

test('the socket column grows with a name, and stays', () => {
  const view = createLogView(plainOptions)
  const column = (socket: string): number => String(view.render(read(Buffer.from('x'), socket))).indexOf('←')
  assert.deepEqual(
    ['client', 'server#1234567', '漢字漢字漢', 'a', 'x'.repeat(99), 'a'].map(column),
    [8, 10, 7, 12, 18, 18],
  )
})

test('what a peer or the system says cannot act on the terminal', () => {
  const evil = '\x1b[2J\u202e\u009b'
  const events: readonly Event[] = [
    read(Buffer.from(evil)),
    { kind: 'note', seq: 1, at: 0, socket: evil, text: evil },
    datagram(Buffer.from(evil)),
    datagram(Buffer.from('x'), { remote: { ...here, address: evil } }),
    { kind: 'peer', seq: 1, at: 0, socket: 'server#1', remote: { ...here, address: evil } },
    { kind: 'failed', seq: 1, at: 0, socket: 'client', code: evil, message: evil },
    { kind: 'resolved', seq: 1, at: 0, socket: 'client', host: evil, addresses: [evil], tookMs: 1 },
    { kind: 'expected', seq: 1, at: 0, socket: 'client', met: true, payload: Buffer.from(evil), tookMs: 1 },
    {
      kind: 'closed',
      seq: 1,
      at: 0,
      socket: 'client',
      transport: 'tcp',
      first: 'us',
      how: 'error',
      answered: false,
      code: evil,
      sent: { bytes: 0, writes: 0 },
      received: { bytes: 0, reads: 0 },
      unsent: 0,
      openMs: 1,
    },
  ]
  for (const event of events) {
    const shown = render(event, { verbosity: 1 })
    assert.match(shown, /\\x1b\[2J\\u\{202e\}\\u\{9b\}/)
    assert.doesNotMatch(shown.replaceAll('\n', ''), /[\p{C}\p{Default_Ignorable_Code_Point}]/u)
  }
})

test('a datagram that goes or comes elsewhere than its socket was opened for says so', () => {
  const view = createLogView(plainOptions)
  const note = (event: Event): string | undefined =>
    /^ +(from|to) .+$/m.exec(String(view.render(event)))?.[0].trim()
  const payload = Buffer.from('x')
  const stamp = { seq: 1, at: 0, socket: 'client' } as const
  const opened: Event = {
    kind: 'opened',
    ...stamp,
    transport: 'udp',
    local: here,
    remote: here,
    connected: false,
  }
  assert.equal(note(datagram(payload)), 'from 127.0.0.1:9000')
  view.render(opened)
  assert.equal(note(datagram(payload)), undefined)
  assert.equal(note(datagram(payload, { remote: elsewhere })), 'from 127.0.0.1:5353')
  assert.equal(note(datagram(payload, { remote: elsewhere, direction: 'sent' })), 'to 127.0.0.1:5353')
  assert.equal(note(datagram(payload, { remote: { ...here, address: '::1' } })), 'from [::1]:9000')
  assert.equal(note(datagram(payload, { socket: 'server' })), 'from 127.0.0.1:9000')
  assert.equal(note(datagram(payload, { socket: 'server#1' })), undefined)
  const nothing = { bytes: 0, datagrams: 0, spanMs: 0 }
  const traffic = { sent: nothing, received: nothing, unsent: 0, refused: 0 }
  view.render({ kind: 'closed', ...stamp, transport: 'udp', connected: false, ...traffic, openMs: 1 })
  assert.equal(note(datagram(payload)), 'from 127.0.0.1:9000')
})

test('no payload passes for what we say of it', () => {
  const start = (event: Event, width: number): number => {
    const line = render(event, { width: () => width })
      .split('\n')
      .find((text) => text.includes('no. 3, in a header'))
    return line?.search(/\S/) ?? -1
  }
  const numbered = Buffer.concat([Buffer.alloc(24), Buffer.from('x\n')])
  const forged = Buffer.from('x\nno. 3, in a header of 24 B')
  for (const width of [80, 50]) {
    const ours = start(datagram(numbered, { number: 3 }), width)
    assert.ok(ours > 0 && ours < start(datagram(forged), width), `${width}: ${ours}`)
  }
})

test('the header of a numbered datagram is counted, and not shown', () => {
  const bytes = Buffer.concat([Buffer.alloc(24, 'H'), Buffer.from('abcdef')])
  const shown = render(datagram(bytes, { number: 1_204, socket: 'server#1' }), { show: 4 })
  assert.equal(
    shown,
    [
      '#1      ←       30 B  datagram  abcd\n',
      '                                … 2 B more\n',
      '                      no. 1,204, in a header of 24 B\n',
    ].join(''),
  )
})

test('no line is wider than the terminal', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 120 }).map((text) => Buffer.from(text)),
    fc
      .string({ unit: fc.constantFrom('漢', '😀', '🇦🇹', 'e\u0301', '\n', 'x', '\u202e') })
      .map((text) => Buffer.from(text)),
  )
  const width = fc.integer({ min: 60, max: 140 })
  const time = fc.constantFrom('elapsed', 'delta', 'clock', 'none')
  fc.assert(
    fc.property(payload, width, time, fc.string(), (bytes, cells, form, text) => {
      const view = createLogView({ ...plainOptions, width: () => cells, time: form, verbosity: 2, show: 200 })
      const note: Event = { kind: 'note', seq: 1, at: 0, socket: 'client', text }
      const told = [read(bytes), datagram(bytes, { number: 1, kept: 7 }), note, ...all, ...recordedWebSocket]
      for (const event of told) {
        for (const line of String(view.render(event)).split('\n')) {
          assert.ok(cellWidth(line) <= cells, `${cellWidth(line)} > ${cells}: ${line}`)
        }
      }
    }),
    { numRuns: 100 },
  )
})
