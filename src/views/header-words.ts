/** What the headers of an upgrade mean, in a few words (RFC 6455 §4). */

import { type ExtensionOffer, parseExtensions } from '../wire/extension.ts'
import { escapeText } from './escape.ts'
import { formatBytes } from './units.ts'

/** On which side of the upgrade a header stands. */
export type Part = 'request' | 'response'

type Meaning = (value: string) => string | undefined

const both = {
  upgrade: () => 'the protocol to go on with',
  connection: tellConnection,
} as const satisfies Record<string, Meaning>

const meanings: Readonly<Record<Part, ReadonlyMap<string, Meaning>>> = {
  request: new Map<string, Meaning>([
    ...Object.entries(both),
    ['host', () => 'which server is meant'],
    ['sec-websocket-key', () => '16 random bytes: the answer proves that it has read this very request'],
    ['sec-websocket-version', (value) => (value === '13' ? 'the one of RFC 6455' : 'RFC 6455 has 13')],
    ['sec-websocket-protocol', () => 'subprotocols on offer, best first'],
    ['sec-websocket-extensions', (value) => tellExtensions(value, 'offered')],
    ['origin', () => 'the site whose page asks'],
    ['authorization', () => 'a login: who reads along has it'],
  ]),
  response: new Map<string, Meaning>([
    ...Object.entries(both),
    ['sec-websocket-accept', () => 'made of the key: see below'],
    ['sec-websocket-version', () => 'what the server speaks'],
    ['sec-websocket-protocol', () => 'the subprotocol that was chosen'],
    ['sec-websocket-extensions', (value) => tellExtensions(value, 'agreed')],
    ['location', () => 'somewhere else: it is not followed'],
  ]),
}

/** What the header means there; nothing for one that has no part in the upgrade. Safe to show. */
export function meaningOf(name: string, value: string, part: Part): string | undefined {
  return meanings[part].get(name.toLowerCase())?.(value)
}

function tellConnection(value: string): string | undefined {
  if (/(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(value)) return 'Upgrade counts for this hop only'
  return /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value) ? 'it ends with this answer' : undefined
}

/** `offered: compression, the server may shrink the client's window` */
function tellExtensions(value: string, state: 'offered' | 'agreed'): string {
  const extensions = parseExtensions(value)
  if (extensions === undefined) return 'malformed'
  return `${state}: ${extensions.map(tellExtension).join('; or ')}`
}

function tellExtension({ name, parameters }: ExtensionOffer): string {
  if (name !== 'permessage-deflate') return escapeText(name)
  return ['compression', ...parameters.map(([key, bits]) => tellParameter(key, bits))].join(', ')
}

/** RFC 7692 §7.1 */
function tellParameter(name: string, bits: string | undefined): string {
  switch (name) {
    case 'server_no_context_takeover':
      return 'the server compresses each message by itself'
    case 'client_no_context_takeover':
      return 'the client compresses each message by itself'
    case 'server_max_window_bits':
      return `a window of ${windowOf(bits)} in the server`
    case 'client_max_window_bits':
      return bits === undefined
        ? "the server may shrink the client's window"
        : `a window of ${windowOf(bits)} in the client`
    default:
      return escapeText(name)
  }
}

function windowOf(bits = ''): string {
  return /^(?:[89]|1[0-5])$/.test(bits) ? formatBytes(2 ** Number(bits)) : escapeText(`"${bits}"`)
}
