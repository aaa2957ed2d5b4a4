/** What a comparison has brought, ready to be drawn: on the screen, or as a page. */
import type { Event, Transport } from '../event.ts'
import type { Role } from './palette.ts'

export interface Comparison {
  readonly name: string
  readonly question: string
  /** Why it is so, in two sentences. */
  readonly explanation: string
  readonly columns: readonly (ComparedColumn | AbsentColumn)[]
  /** The command line that repeats this very run. */
  readonly repeat: string
}

/** What a column is about: a transport, or TLS on top of it. */
export interface ColumnSubject {
  readonly transport: Transport
  readonly overTls?: true
}

export interface AbsentColumn extends ColumnSubject {
  readonly because: string
}

export interface ComparedColumn extends ColumnSubject {
  /** Who acts on the left, and who on the right. */
  readonly left?: readonly string[]
  readonly right?: readonly string[]
  /** What the right side sends back is left out of the picture. */
  readonly isOneWay?: true
  /** The upgrade itself is the lesson: both heads are shown, and how the accept is worked out. */
  readonly showsUpgrade?: true
  readonly trials: readonly { readonly name: string; readonly title: string }[]
  readonly heard: readonly Happening[]
  readonly claims: readonly JudgedClaim[]
  readonly byHand: readonly HandStep[]
}

export interface Happening {
  readonly actor: string
  readonly trial: string | undefined
  readonly step: number
  /** Milliseconds since the run began. */
  readonly heardAt: number
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

/** A column where nothing but its subject is said of it, and what its nature is, in its head. */
const subjects = {
  tcp: { name: 'TCP', title: 'TCP · stream' },
  udp: { name: 'UDP', title: 'UDP · datagrams' },
  websocket: { name: 'WebSocket', title: 'WebSocket · messages on a stream' },
  tls: { name: 'TLS', title: 'TLS · encrypted stream' },
} as const satisfies Readonly<Record<Transport | 'tls', { readonly name: string; readonly title: string }>>

/** How a column is told from the others of its experiment. */
export function columnKey({ transport, overTls }: ColumnSubject): keyof typeof subjects {
  return overTls ? 'tls' : transport
}

/** `WebSocket` */
export function columnName(subject: ColumnSubject): string {
  return subjects[columnKey(subject)].name
}

/** `WebSocket · messages on a stream` */
export function columnTitle(subject: ColumnSubject): string {
  return subjects[columnKey(subject)].title
}

export const verdicts = {
  observed: { mark: '✓', role: 'good' },
  'not observed this run': { mark: '○', role: 'warning' },
  contradicted: { mark: '✗', role: 'bad' },
  'not supported here': { mark: '–', role: 'faint' },
} as const satisfies Readonly<Record<string, { readonly mark: string; readonly role: Role }>>

/** Who acts on each side, where the column does not say. */
export const usualLeft: readonly string[] = ['client']
export const usualRight: readonly string[] = ['server']
