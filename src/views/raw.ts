import { Buffer } from 'node:buffer'
import { carriesPayload, type EventOf, payloadKinds, type Transport } from '../event.ts'
import { sequenceHeaderSize } from '../wire/sequence.ts'
import { createStreamEscaper } from './escape.ts'
import type { View } from './view.ts'

export interface RawOptions {
  readonly terminal: boolean
  readonly transport: Transport
  /** What follows each datagram or message (a line feed); on a terminal a line feed follows whatever stands here. */
  readonly after?: Uint8Array | string
  /** Whether the sequence header stays before the payload of a numbered datagram (keep). */
  readonly headers?: 'keep' | 'strip'
}

/** What was received and nothing else: byte for byte, or, on a terminal, escaped. */
export function createRawView(options: RawOptions): View {
  const { terminal, transport, after = '\n', headers = 'keep' } = options
  const escaper = createStreamEscaper()
  const ending = Buffer.from(after)
  const join = createJoiner(ending)
  let speaker: string | undefined

  /** Where another socket goes on, what the one before left unfinished will not be finished by it. */
  const show = (socket: string, payload: Uint8Array): string => {
    const unfinished = socket === speaker ? '' : escaper.end()
    speaker = socket
    return unfinished + escaper.write(payload)
  }

  const bodyOf = ({ payload, number }: EventOf<'datagram'>): Uint8Array =>
    headers === 'strip' && number !== undefined ? payload.subarray(sequenceHeaderSize) : payload

  const renderWhole = (body: Uint8Array): string | Uint8Array => {
    if (terminal) return showWhole(body)
    return ending.length === 0 ? body : join(body)
  }

  return {
    wants: (kind, direction) => kind === payloadKinds[transport] && direction !== 'sent',
    render(event) {
      if (!carriesPayload(event, transport) || event.direction === 'sent') return undefined
      if (event.kind === 'datagram') return renderWhole(bodyOf(event))
      if (event.kind === 'message') return renderWhole(event.payload)
      return terminal ? show(event.socket, event.payload) : event.payload
    },
    end: () => escaper.end(),
  }
}

/** A line of its own, to which nothing before or after it belongs. */
function showWhole(message: Uint8Array): string {
  const escaper = createStreamEscaper()
  return `${escaper.write(message)}${escaper.end()}\n`
}

/** Puts the ending behind each body. Measured: one memory for all of a size takes a third of a new one each. */
function createJoiner(ending: Uint8Array): (body: Uint8Array) => Uint8Array {
  let whole = Buffer.from(ending)
  return (body) => {
    const size = body.length + ending.length
    if (whole.length !== size) {
      whole = Buffer.allocUnsafe(size)
      whole.set(ending, body.length)
    }
    whole.set(body)
    return whole
  }
}
