import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import { unescapeBytes } from '../../src/escapes.ts'
import type { Event, EventBody } from '../../src/event.ts'
import { renderComparison } from '../../src/views/columns.ts'
import type { ComparedColumn, Comparison } from '../../src/views/comparison.ts'
import { createHexView } from '../../src/views/hex.ts'
import { createJsonView, decodeEvent } from '../../src/views/json.ts'
import { createLogView, type LogOptions } from '../../src/views/log.ts'
import { plainComparison } from '../../src/views/plain-comparison.ts'
import { createRawView } from '../../src/views/raw.ts'
import type { View } from '../../src/views/view.ts'
import { Vt } from '../vt.ts'
import { cellsOf, harmlessFrame, within } from './cells.ts'
import { createDice, type Dice, evilBytes } from './evil.ts'
import { allPlaces, type Place, say } from './places.ts'
import { type Look, openStage, type Stage, turns } from './stage.ts'

/** SOCKPIT_SEED repeats another run than the usual one. */
const seed = Number(process.env.SOCKPIT_SEED ?? 20_261)
const payloads = 100_000
const cutPayloads = 5_000
const compared = 100
const longest = 96
/** So wide that nothing is broken into rows but at its own line ends. */
const wide = 820

const looks: readonly [Look, ...Look[]] = [
  { width: 80, color: true, counting: 'code points' },
  { width: 80, color: false, counting: 'clusters' },
  { width: 40, color: true, counting: 'clusters' },
  { width: 40, color: false, counting: 'code points' },
  { width: 120, color: true, counting: 'code points' },
]

function stamp(bodies: readonly EventBody[]): readonly Event[] {
  return bodies.map((body, index) => ({ ...body, seq: index + 1, at: 1, socket: 'client' }))
}

/** Each is made once: it has columns that grow, and remembers what was asked. */
const made = new Map<string, View>()

function once(name: string, make: () => View): View {
  const view = made.get(name) ?? make()
  made.set(name, view)
  return view
}

function logOf({ transport, verbosity }: Place, width: number, more: Partial<LogOptions> = {}): View {
  return createLogView({
    transport,
    width: () => width,
    color: false,
    time: 'elapsed',
    show: Number.POSITIVE_INFINITY,
    verbosity: verbosity ?? 0,
    isPlain: false,
    startedAt: new Date(0),
    ...more,
  })
}

function rendered(view: View, events: readonly Event[]): string {
  return events.map((event) => view.render(event)?.toString() ?? '').join('')
}

/** Nothing but its own cells is changed, and of a payload they say all that it was. */
function checkCells(place: Place, bytes: Buffer): void {
  const view = once(`wide ${place.name}`, () => logOf(place, wide))
  const render = (what: Buffer): string => rendered(view, stamp(place.tell(say(what))))
  const cells = cellsOf(render(bytes))
  if (place.isDiscussed === true) return
  const said = place.name === 'a text message' ? Buffer.from(bytes.toString()) : bytes
  const [shown = '', ...more] = within(cells, harmlessFrame(place.name, said.length, render))
  assert.ok(shown !== '', 'it is shown')
  for (const again of more) assert.equal(again.trimEnd(), shown.trimEnd())
  if (place.isPayload !== true) return
  const undone = Buffer.from(unescapeBytes(shown.replace(/\n ?/g, '')))
  assert.equal(squeezed(undone), squeezed(said))
}

/** Spaces at the end of a row are not shown, and several are counted as one here. */
function squeezed(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/ +/g, ' ').replaceAll('\n ', '\n').trim()
}

/** Lines of JSON are safe, and lose nothing; where they hold text, nothing else than it is changed. */
function checkJson(place: Place, bytes: Buffer): void {
  const view = once('json', createJsonView)
  const render = (what: Buffer): string => rendered(view, stamp(place.tell(say(what))))
  const events = stamp(place.tell(say(bytes)))
  const lines = render(bytes)
  assert.deepEqual(lines.trimEnd().split('\n').map(decodeEvent).map(plain), events.map(plain))
  const cells = cellsOf(lines)
  if (isUtf8(bytes) && !lines.includes('ase64":') && place.isDiscussed !== true)
    within(cells, harmlessFrame(`json ${place.name}`, bytes.length, render))
}

/** Bytes in hex, so that it is the same whatever holds them. */
function plain(event: Event): unknown {
  const fields = Object.entries(event).map(([name, value]) =>
    value instanceof Uint8Array ? [name, Buffer.from(value).toString('hex')] : [name, value],
  )
  return Object.fromEntries(fields)
}

interface Shown {
  readonly place: Place
  readonly stage: Stage
  readonly look: Look
}

const views: readonly ((shown: Shown, events: readonly Event[], bytes: Buffer) => void)[] = [
  ({ place, stage, look }, events) => {
    const { width, color } = look
    const view = once(`log ${place.name} ${JSON.stringify(look)}`, () => logOf(place, width, { color }))
    stage.hear(view, events, { isLaidOut: true })
  },
  ({ place, stage }, events) =>
    stage.hear(
      once(`plain ${place.name}`, () => logOf(place, 80, { isPlain: true })),
      events,
    ),
  ({ stage }, events) => stage.hear(once('json', createJsonView), events),
  ({ place: { transport }, stage, look: { color } }, events) =>
    stage.hear(
      once(`hex ${transport} ${color}`, () => createHexView({ color, transport })),
      events,
    ),
  ({ place: { transport }, stage }, events) =>
    stage.hear(
      once(`raw ${transport}`, () => createRawView({ terminal: true, transport })),
      events,
      {
        keepsTabs: true,
      },
    ),
  ({ stage }, _, bytes) => stage.error(`It ended with "${bytes}" (4001)`),
]

/** One payload: on the terminal with the typed line, or looked at cell by cell. */
function attempt(dice: Dice, stages: readonly Stage[]): void {
  const bytes = someBytes(dice)
  const place = allPlaces[dice.below(allPlaces.length)]
  const at = dice.below(looks.length)
  const [look, stage] = [looks[at], stages[at]]
  // Every other one in the log, which has most to say.
  const how = dice.below(2 * (views.length + 2))
  assert.ok(place !== undefined && stage !== undefined && look !== undefined)
  try {
    if (how === 0) checkJson(place, bytes)
    else if (how > views.length) checkCells(place, bytes)
    else views[how - 1]?.({ place, stage, look }, stamp(place.tell(say(bytes))), bytes)
  } catch (cause) {
    throw new Error(`${place.name}, ${how}, ${JSON.stringify(look)}: ${bytes.toString('hex')}`, { cause })
  }
}

/** Eight at least: so many q in a row are nothing of ours. */
function someBytes(dice: Dice): Buffer {
  const bytes = evilBytes(dice, longest)
  return bytes.length < 8 ? Buffer.concat([bytes, Buffer.from('padding.')]) : bytes
}

test(`OSC, CSI, DCS, C1, bidi, BEL and a lone CR from a peer, in payload, header, close reason or error → visible escapes, the typed line intact: ${payloads} payloads of seed ${seed}`, {
  timeout: 300_000,
}, async () => {
  const dice = createDice(seed)
  const stages = await Promise.all(looks.map(openStage))
  for (let count = 0; count < payloads; count++) {
    attempt(dice, stages)
    // What was written is taken.
    if (count % 500 === 0) await turns(1)
  }
  for (const stage of stages) await stage.leave()
})

test('an escape cut between two reads → same output', () => {
  const dice = createDice(seed)
  const show = (reads: readonly Buffer[]): string => {
    const view = createRawView({ terminal: true, transport: 'tcp' })
    const bodies = reads.map((payload): EventBody => {
      return { kind: 'bytes', direction: 'received', size: payload.length, payload }
    })
    return rendered(view, stamp(bodies)) + (view.end?.()?.toString() ?? '')
  }
  for (let count = 0; count < cutPayloads; count++) {
    const bytes = someBytes(dice)
    const whole = show([bytes])
    const [first, second] = [dice.below(bytes.length), dice.below(bytes.length)].sort((a, b) => a - b)
    const reads = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
    assert.equal(show(reads), whole, bytes.toString('hex'))
    assert.equal(show(Array.from(bytes, (byte) => Buffer.of(byte))), whole, bytes.toString('hex'))
    const left = new Vt({ columns: 80, isCooked: true }).write(whole).functions
    assert.deepEqual(
      left.filter((name) => name !== 'LF' && name !== 'HT'),
      [],
      bytes.toString('hex'),
    )
  }
})

test('the same of what stands side by side in a comparison', () => {
  const dice = createDice(seed)
  for (let count = 0; count < compared; count++) {
    const bytes = someBytes(dice)
    const comparison = compare(allPlaces, bytes)
    for (const counting of ['code points', 'clusters'] as const) {
      const width = dice.pick([80, 120, 200])
      const vt = new Vt({ columns: width, isCooked: true, counting })
      vt.write(renderComparison(comparison, { width, color: false }))
      assert.deepEqual([[...new Set(vt.functions)], vt.screen.wraps], [['LF'], 0], bytes.toString('hex'))
    }
    cellsOf(plainComparison(comparison))
  }
})

/** All that can be said, in one trial. */
function compare(places: readonly Place[], bytes: Buffer): Comparison {
  const columns = (['tcp', 'udp', 'websocket'] as const).map((transport): ComparedColumn => {
    const told = places.filter((place) => place.transport === transport)
    return {
      transport,
      showsUpgrade: true,
      trials: [{ name: 'open', title: 'they say something' }],
      claims: [],
      byHand: [],
      heard: told.flatMap(({ tell }, step) =>
        stamp(tell(say(bytes))).map((event) => ({
          actor: 'client',
          trial: 'open',
          step,
          heardAt: step,
          event,
        })),
      ),
    }
  })
  return { name: 'x', question: 'What?', explanation: 'So.', columns, repeat: 'sockpit compare x' }
}
