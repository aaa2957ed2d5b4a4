/** Any action of a transport, for properties; and what makes two actions equal. */
import fc from 'fast-check'
import { type Action, type HandmadeFrame, type Peers, verbRows } from '../src/action.ts'
import type { Transport } from '../src/event.ts'
import { longestDurationMs } from '../src/quantities.ts'
import type { Setting } from '../src/settings.ts'
import { conditions } from '../src/verb-arguments.ts'
import { mayTravel } from '../src/wire/close-code.ts'
import { wellFormedText } from './any-text.ts'

/** Plain data, so that a Buffer and a Uint8Array of the same bytes are equal. */
export function plain(action: Action): unknown {
  if (action.kind === 'to' && action.action !== undefined) return { ...action, action: plain(action.action) }
  if (action.kind === 'frame') return { ...action, frame: plainFrame(action.frame) }
  if ('payload' in action) return { ...action, payload: [...action.payload] }
  return action.kind === 'set' ? { ...action, setting: { ...action.setting } } : { ...action }
}

function plainFrame(frame: HandmadeFrame): unknown {
  const { mask, payload } = frame
  return { ...frame, payload: [...payload], ...(mask !== undefined && { mask: [...mask] }) }
}

export function send(text: string): Action {
  return { kind: 'send', payload: Buffer.from(text) }
}

export function expect(text: string, withinMs = 5_000): Action {
  return { kind: 'expect', payload: Buffer.from(text), withinMs }
}

const anyPeers: fc.Arbitrary<Peers> = fc.oneof(fc.integer({ min: 1, max: 999_999_999 }), fc.constant('all'))
const anyDuration = fc.integer({ min: 0, max: longestDurationMs })
const anySize = fc.integer({ min: 1, max: 2 ** 24 })
const anyPayload = fc.uint8Array({ maxLength: 60 })

function orOff<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof(fc.constant(undefined), value)
}

const anySetting: Readonly<Record<Transport, fc.Arbitrary<Setting>>> = {
  tcp: fc.oneof(
    fc.record({ name: fc.constantFrom('no-delay', 'half-open'), value: fc.boolean() }),
    fc.record({
      name: fc.constantFrom('keep-alive', 'delay'),
      value: orOff(anyDuration.filter((ms) => ms >= 1_000)),
    }),
    fc.record({ name: fc.constantFrom('read-size', 'rate', 'chunk'), value: orOff(anySize) }),
    fc.record({ name: fc.constant('eol'), value: fc.constantFrom('lf', 'crlf', 'none') }),
  ),
  udp: fc.oneof(
    fc.record({ name: fc.constantFrom('rate', 'chunk', 'truncate'), value: orOff(anySize) }),
    fc.record({ name: fc.constant('delay'), value: orOff(anyDuration) }),
    fc.record({ name: fc.constant('ttl'), value: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ name: fc.constant('multicast-ttl'), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ name: fc.constant('broadcast'), value: fc.boolean() }),
    fc.record({ name: fc.constant('eol'), value: fc.constantFrom('lf', 'crlf', 'none') }),
  ),
  websocket: fc.oneof(
    fc.record({ name: fc.constant('no-delay'), value: fc.boolean() }),
    fc.record({ name: fc.constant('keep-alive'), value: orOff(anyDuration.filter((ms) => ms >= 1_000)) }),
    fc.record({ name: fc.constantFrom('read-size', 'rate'), value: orOff(anySize) }),
    fc.record({ name: fc.constant('eol'), value: fc.constantFrom('lf', 'crlf', 'none') }),
  ),
}

/** What only a stream can do. */
const streamAction: fc.Arbitrary<Action> = fc.oneof(
  fc.record(
    { kind: fc.constantFrom('fin', 'reset', 'pause', 'resume'), peers: anyPeers },
    { requiredKeys: ['kind'] },
  ),
  fc.record({ kind: fc.constantFrom('close') }),
  fc.record({ kind: fc.constant('kick'), peers: anyPeers }),
)

const anyBits = { fin: fc.boolean(), rsv1: fc.boolean(), rsv2: fc.boolean(), rsv3: fc.boolean() }
const anyForm = fc.oneof(
  fc.record({ length: fc.nat({ max: 125 }), lengthForm: fc.constant<7 | 16 | 64>(7) }, { requiredKeys: [] }),
  fc.record({ length: fc.nat({ max: 65_535 }), lengthForm: fc.constant<7 | 16 | 64>(16) }),
  fc.record({ length: fc.maxSafeNat(), lengthForm: fc.constant<7 | 16 | 64>(64) }),
  fc.record({ length: fc.maxSafeNat() }),
)

const anyFrame: fc.Arbitrary<HandmadeFrame> = fc
  .tuple(
    fc.record(
      {
        ...{ ...anyBits, opcode: fc.nat({ max: 15 }), payload: anyPayload },
        mask: fc.oneof(fc.constant('none' as const), fc.uint8Array({ minLength: 4, maxLength: 4 })),
      },
      { requiredKeys: ['opcode', 'payload'] },
    ),
    anyForm,
  )
  .map(([frame, form]) => ({ ...frame, ...form }))

const anyReason = wellFormedText.filter((text) => text !== '' && Buffer.byteLength(text) <= 123)

/** What only a WebSocket can do. */
const webSocketAction: fc.Arbitrary<Action> = fc.oneof(
  fc.record(
    {
      ...{ kind: fc.constant('send'), payload: anyPayload },
      ...{ binary: fc.constant(true as const), fragments: fc.integer({ min: 1, max: 131_072 }) },
    },
    { requiredKeys: ['kind', 'payload'] },
  ),
  fc.record(
    {
      kind: fc.constant('close'),
      code: fc.integer({ min: 1_000, max: 4_999 }).filter(mayTravel),
      reason: anyReason,
    },
    { requiredKeys: ['kind', 'code'] },
  ),
  fc.record({ kind: fc.constantFrom('ping', 'pong'), payload: anyPayload }),
  fc.record({ kind: fc.constant('frame'), frame: anyFrame }),
)

/** Every action of both but one that is for somebody else: that is written with /to. */
function commonAction(transport: Transport): fc.Arbitrary<Action> {
  const names = verbRows({ transport, role: 'server' }).map((row) => row.verb)
  return fc.oneof(
    fc.record({ kind: fc.constant('send'), payload: anyPayload }),
    fc.record({ kind: fc.constant('file'), path: wellFormedText }),
    fc.record({ kind: fc.constantFrom('peers', 'stats', 'quit') }),
    fc.record({ kind: fc.constant('set'), setting: anySetting[transport] }),
    fc.record({ kind: fc.constant('wait'), ms: anyDuration }),
    fc.record(
      {
        kind: fc.constant('await'),
        condition: fc.constantFrom(...conditions[transport]),
        withinMs: anyDuration,
      },
      { requiredKeys: ['kind', 'condition'] },
    ),
    fc.record({
      kind: fc.constant('expect'),
      payload: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.constantFrom('x within 5s', '" within 5s', ' within 1').map((text) => Buffer.from(text)),
      ),
      withinMs: anyDuration,
    }),
    fc.record({ kind: fc.constant('help'), verb: fc.constantFrom(...names) }, { requiredKeys: ['kind'] }),
  )
}

/** Any action that a server of this transport knows. */
export function anyAction(transport: Transport): fc.Arbitrary<Action> {
  const common = commonAction(transport)
  const alone = {
    tcp: fc.oneof(common, streamAction),
    udp: common,
    websocket: fc.oneof(common, streamAction, webSocketAction),
  }[transport]
  return fc.letrec<{ any: Action }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      alone,
      fc.record(
        { kind: fc.constant('to'), peers: anyPeers, action: tie('any') },
        { requiredKeys: ['kind', 'peers'] },
      ),
    ),
  })).any
}
