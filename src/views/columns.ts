import { carriesPayload, type Direction, type Event, type Transport } from '../event.ts'
import { leastRoom, wrapWords } from './cells.ts'
import { drawFrameLedger, type FrameLedger } from './frame-ledger.ts'
import { drawLedger, type Ledger } from './ledger.ts'
import { beside, type Line, paint, span } from './lines.ts'
import { createPalette, type Role } from './palette.ts'
import { layOutTable } from './table.ts'
import { drawTimeline, type TimelineRow } from './timeline.ts'
import { formatBytes, group } from './units.ts'

/** What a comparison has brought, ready to be looked at. */
export interface Comparison {
  readonly name: string
  readonly question: string
  readonly columns: readonly (ComparedColumn | AbsentColumn)[]
  /** The command line that repeats this very run. */
  readonly repeat: string
}

export interface AbsentColumn {
  readonly title: string
  readonly because: string
}

export interface ComparedColumn {
  readonly transport: Transport
  readonly title: string
  /** Who acts on the left, and who on the right. */
  readonly left: string
  readonly right: string
  readonly trials: readonly { readonly name: string; readonly title: string }[]
  readonly heard: readonly Happening[]
  readonly claims: readonly JudgedClaim[]
  readonly explanation: string
  readonly byHand: readonly HandStep[]
}

export interface Happening {
  readonly actor: string
  readonly trial: string | undefined
  readonly step: number
  readonly event: Event
}

export interface JudgedClaim {
  readonly text: string
  readonly verdict: keyof typeof verdicts
  readonly figures: string
}

export interface HandStep {
  readonly terminal: number
  readonly does: 'run' | 'type'
  readonly line: string
}

export interface ColumnsOptions {
  /** Cells of the terminal. */
  readonly width: number
  readonly color: boolean
}

const verdicts = {
  observed: { mark: '✓', role: 'good' },
  'not observed this run': { mark: '○', role: 'warning' },
  contradicted: { mark: '✗', role: 'bad' },
  'not supported here': { mark: '–', role: 'faint' },
} as const satisfies Readonly<Record<string, { readonly mark: string; readonly role: Role }>>

const empty: Line = []
const indent = 2

/** Trials stand beside each other where each gets so many cells, else under each other. */
const leastTrial = 56
const betweenTrials = 4

/** `  type in 1  ` */
const handWidth = 13

/** Running text is hard to read in longer lines. */
const widestText = 88

/** The whole screen, from what was heard: time runs down, and a row is a step. */
export function renderComparison(comparison: Comparison, { width, color }: ColumnsOptions): string {
  const palette = createPalette(color)
  const room = Math.max(width - 2 * indent, leastRoom)
  const lines = [
    ...titled(comparison.name, comparison.question, room),
    empty,
    ...comparison.columns.flatMap((column) => [
      [span(`${column.title} `, 'strong'), span('─'.repeat(room - column.title.length - 1), 'faint')],
      empty,
      ...('because' in column ? paragraph(column.because, room) : columnLines(column, room)),
    ]),
    [span('Repeat this very run  ', 'faint'), span(comparison.repeat)],
  ]
  return lines.map((line) => `${paint([span(' '.repeat(indent)), ...line], palette)}\n`).join('')
}

function columnLines(column: ComparedColumn, width: number): readonly Line[] {
  return [
    ...trialLines(column, width),
    ...countLines(column, width),
    empty,
    ...column.claims.flatMap((claim) => claimLines(claim, width)),
    empty,
    ...paragraph(column.explanation, width),
    [span('By hand, in two terminals', 'strong')],
    ...column.byHand.map(({ terminal, does, line }) => [
      span(`  ${does} in ${terminal}`.padEnd(handWidth), 'faint'),
      span(line),
    ]),
    empty,
  ]
}

/** A name, and what it stands for hanging beside it. */
function titled(name: string, title: string, width: number): readonly Line[] {
  const hang = ' '.repeat(name.length + 2)
  return wrapWords(title, width - hang.length).map((line, index) =>
    index === 0 ? [span(name, 'strong'), span(`  ${line}`)] : [span(hang + line)],
  )
}

function paragraph(text: string, width: number): readonly Line[] {
  return [...wrapWords(text, Math.min(width, widestText)).map((line) => [span(line)]), empty]
}

/** The trials, beside or under each other: for each its timeline, and its ledger. */
function trialLines(column: ComparedColumn, width: number): readonly Line[] {
  const count = column.trials.length
  const share = Math.floor((width - (count - 1) * betweenTrials) / count)
  const isBeside = share >= leastTrial
  const drawn = column.trials.map((trial) => drawTrial(column, trial, isBeside ? share : width))
  if (!isBeside) {
    return drawn.flatMap(({ timeline, ledger }) => [
      ...timeline,
      empty,
      ...(ledger.length === 0 ? [] : [...ledger, empty]),
    ])
  }
  const row = (blocks: readonly (readonly Line[])[]): readonly Line[] =>
    beside(
      blocks.map((lines) => ({ lines, width: share })),
      betweenTrials,
    )
  const ledgers = drawn.map(({ ledger }) => ledger)
  return [
    ...row(drawn.map(({ timeline }) => timeline)),
    empty,
    ...(ledgers.some(({ length }) => length === 0)
      ? stackedLedgers(column, width)
      : [...row(ledgers), empty]),
  ]
}

/** A ledger too wide to stand beside another: under each other, with the trial's name to the left. */
function stackedLedgers(column: ComparedColumn, width: number): readonly Line[] {
  const widest = Math.max(...column.trials.map(({ name }) => name.length)) + 2
  return column.trials.flatMap(({ name }) => {
    const lines = drawOneLedger(ledgerOf(column, name), width - widest)
    const named = lines.map((line, index) => [
      span((index === 0 ? name : '').padEnd(widest), 'strong'),
      ...line,
    ])
    return named.length === 0 ? [] : [...named, empty]
  })
}

function drawTrial(
  column: ComparedColumn,
  { name, title }: ComparedColumn['trials'][number],
  width: number,
): { readonly timeline: readonly Line[]; readonly ledger: readonly Line[] } {
  const { left, right, transport } = column
  return {
    timeline: [
      ...titled(name, title, width),
      empty,
      ...drawTimeline({ left, right, transport, rows: rowsOf(column, name) }, width),
    ],
    ledger: drawOneLedger(ledgerOf(column, name), width),
  }
}

function drawOneLedger(ledger: Ledger | FrameLedger, width: number): readonly Line[] {
  return ledger.pieces === 'messages' ? drawFrameLedger(ledger, width) : drawLedger(ledger, width)
}

/** What happened in a trial, step by step. */
function rowsOf({ heard, left, right, transport }: ComparedColumn, trial: string): readonly TimelineRow[] {
  const inTrial = heard.filter((one) => one.trial === trial)
  const steps = [...new Set(inTrial.map(({ step }) => step))]
  return steps.map((step) => {
    const inStep = inTrial.filter((one) => one.step === step)
    const by = (name: string, direction: Direction): readonly Event[] =>
      inStep
        .filter(({ actor, event }) => actor === name && isShown(event, transport, direction))
        .map(({ event }) => event)
    const row = { left: by(left, 'sent'), right: by(right, 'received') }
    if (transport !== 'websocket') return row
    const bytes = (name: string, direction: Direction): number =>
      inStep
        .filter(({ actor }) => actor === name)
        .reduce((sum, { event }) => sum + bytesOf(event, direction), 0)
    return { ...row, moreUnread: bytes(left, 'sent') - bytes(right, 'received') }
  })
}

/** What a write or a read carried in the stream, framing and all. */
function bytesOf(event: Event, direction: Direction): number {
  return event.kind === 'bytes' && event.direction === direction ? event.size : 0
}

/** Of a WebSocket only its messages from left to right: what frames and reads carry them, the ledger shows. */
function isShown(event: Event, transport: Transport, direction: Direction): boolean {
  if (transport !== 'websocket') return true
  if (event.kind === 'frame' || event.kind === 'bytes') return false
  return event.kind !== 'message' || event.direction === direction
}

function ledgerOf(column: ComparedColumn, trial: string): Ledger | FrameLedger {
  const told = (name: string): readonly Event[] =>
    column.heard.filter((one) => one.trial === trial && one.actor === name).map(({ event }) => event)
  const payloads = (name: string, direction: Direction, transport: Transport): readonly Uint8Array[] =>
    told(name).flatMap((event) =>
      carriesPayload(event, transport) && event.direction === direction ? [event.payload] : [],
    )
  const { left, right, transport } = column
  if (transport !== 'websocket') {
    return {
      pieces: transport === 'udp' ? 'datagrams' : 'stream',
      writes: payloads(left, 'sent', transport),
      reads: payloads(right, 'received', transport),
    }
  }
  const frames = (name: string, direction: Direction) =>
    told(name)
      .filter((event) => event.kind === 'frame')
      .filter((frame) => frame.direction === direction)
  return {
    pieces: 'messages',
    sent: frames(left, 'sent'),
    found: frames(right, 'received'),
    writes: payloads(left, 'sent', transport),
    reads: payloads(right, 'received', 'tcp'),
    received: payloads(right, 'received', transport),
  }
}

const countHeads = {
  tcp: ['', 'writes', 'written', 'reads', 'read'],
  udp: ['', 'sent', '', 'received', ''],
  websocket: ['', 'sent', 'payload', 'reads', 'in the stream', 'received', 'payload'],
} as const satisfies Readonly<Record<Transport, readonly string[]>>

/** What was counted, a row for each trial. */
function countLines(column: ComparedColumn, width: number): readonly Line[] {
  const rows = column.trials.map(({ name }) => {
    const ledger = ledgerOf(column, name)
    const pieces = [ledger.writes, ledger.reads, ...('received' in ledger ? [ledger.received] : [])]
    return [name, ...pieces.flatMap((each) => [group(each.length), sum(each)])]
  })
  const table = { head: countHeads[column.transport], rows, words: 1 }
  const unpainted = layOutTable(table, 0, width, createPalette(false))
  return unpainted.map((line, index) => [span(line, index === 0 ? 'faint' : 'plain')])
}

function sum(pieces: readonly Uint8Array[]): string {
  return formatBytes(pieces.reduce((total, { length }) => total + length, 0))
}

function claimLines({ text, verdict, figures }: JudgedClaim, width: number): readonly Line[] {
  const { mark, role } = verdicts[verdict]
  const hang = ' '.repeat(mark.length + 1)
  const room = Math.min(width, widestText) - hang.length
  const proof = wrapWords(`${verdict}: ${figures}`, room)
  return [
    ...wrapWords(text, room).map((line, index) => [span(index === 0 ? `${mark} ` : hang, role), span(line)]),
    ...proof.map((line, index) => [
      span(hang),
      ...(index === 0
        ? [span(verdict, role), span(line.slice(verdict.length), 'faint')]
        : [span(line, 'faint')]),
    ]),
  ]
}
