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

export interface AbsentColumn {
  readonly transport: Transport
  readonly because: string
}

export interface ComparedColumn {
  readonly transport: Transport
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

/** What each transport is, in its column's head. */
export const columnTitles = {
  tcp: 'TCP · stream',
  udp: 'UDP · datagrams',
  websocket: 'WebSocket · messages on a stream',
} as const satisfies Readonly<Record<Transport, string>>

export const verdicts = {
  observed: { mark: '✓', role: 'good' },
  'not observed this run': { mark: '○', role: 'warning' },
  contradicted: { mark: '✗', role: 'bad' },
  'not supported here': { mark: '–', role: 'faint' },
} as const satisfies Readonly<Record<string, { readonly mark: string; readonly role: Role }>>

/** Who acts on each side, where the column does not say. */
export const usualLeft: readonly string[] = ['client']
export const usualRight: readonly string[] = ['server']
