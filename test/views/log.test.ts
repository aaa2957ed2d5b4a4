import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Event, EventKind } from '../../src/event.ts'
import { cellWidth } from '../../src/views/cells.ts'
import { createLogView, type LogOptions } from '../../src/views/log.ts'
import { recorded } from './recorded.ts'

const plainOptions: LogOptions = {
  width: () => 80,
  color: false,
  time: 'none',
  show: 256,
  verbosity: 0,
  startedAt: new Date(0),
}

function render(event: Event, options: Partial<LogOptions> = {}): string {
  return String(createLogView({ ...plainOptions, ...options }).render(event) ?? '')
}

function read(payload: Uint8Array, socket = 'client'): Event {
  return { kind: 'bytes', seq: 1, at: 0, socket, direction: 'received', size: payload.length, payload }
}

test('verbosity decides which kinds are wanted', () => {
  const wanted = (options: Partial<LogOptions>): EventKind[] => {
    const view = createLogView({ ...plainOptions, ...options })
    return [...new Set(recorded.map(({ kind }) => kind))].filter((kind) => view.wants(kind))
  }
  const attempts: readonly EventKind[] = ['resolved', 'connecting', 'refused']
  const all = wanted({ verbosity: 1 })
  assert.equal(all.length, 18)
  assert.deepEqual(wanted({ verbosity: 2 }), all)
  assert.deepEqual(
    wanted({ verbosity: 0 }),
    all.filter((kind) => !attempts.includes(kind)),
  )
  assert.deepEqual(wanted({ verbosity: -1 }), [])
})

test('what is not wanted is not rendered; a failed attempt waits for -v', () => {
  for (const event of recorded) {
    assert.equal(render(event, { verbosity: -1 }), '')
    const quiet = ['resolved', 'connecting', 'refused'].includes(event.kind)
    const attempt = event.kind === 'failed' && event.remote !== undefined
    assert.equal(render(event) === '', quiet || attempt, event.kind)
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
    { kind: 'failed', seq: 1, at: 0, socket: 'client', code: evil, message: evil },
    { kind: 'resolved', seq: 1, at: 0, socket: 'client', host: evil, addresses: [evil], tookMs: 1 },
    { kind: 'expected', seq: 1, at: 0, socket: 'client', met: true, payload: Buffer.from(evil), tookMs: 1 },
    {
      kind: 'closed',
      seq: 1,
      at: 0,
      socket: 'client',
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
      const view = createLogView({ ...plainOptions, width: () => cells, time: form, verbosity: 1, show: 200 })
      const note: Event = { kind: 'note', seq: 1, at: 0, socket: 'client', text }
      for (const event of [read(bytes), note, ...recorded]) {
        for (const line of String(view.render(event)).split('\n')) {
          assert.ok(cellWidth(line) <= cells, `${cellWidth(line)} > ${cells}: ${line}`)
        }
      }
    }),
    { numRuns: 100 },
  )
})
