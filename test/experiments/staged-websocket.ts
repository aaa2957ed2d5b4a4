/** Evidence of boundaries over WebSocket as it might have been heard. */
import type { Direction, EventBody } from '../../src/event.ts'
import { bytes, type Moment, words } from './staged.ts'

const mask = '37fa213d'

function message(direction: Direction, text: string): EventBody {
  const payload = Buffer.from(text)
  return { kind: 'message', direction, type: 'text', size: payload.length, payload, frames: 1 }
}

function frame(direction: Direction, text: string): EventBody {
  const payload = Buffer.from(text)
  const [size, length] = [payload.length, payload.length]
  const bits = { fin: true, rsv1: false, rsv2: false, rsv3: false } as const
  return { kind: 'frame', direction, ...bits, opcode: 1, mask, lengthForm: 7, length, size, payload }
}

/** A frame with its six bytes of framing, as it travels; masked by nothing, so that it can be read. */
export const wire = (text: string): string => `\x81${String.fromCharCode(text.length)}mask${text}`

/** What the client tells of one message: the message, its frame and its write. */
export function sends(step: number, text: string): readonly Moment[] {
  return [message('sent', text), frame('sent', text), latin('sent', wire(text))].map(
    (body): Moment => [step, 'client', body],
  )
}

/** What the server tells of one read, and of the messages that it ends. */
export function receives(step: number, read: string, texts: readonly string[]): readonly Moment[] {
  const found = texts.flatMap((text) => [
    frame('received', text),
    message('received', text),
    // The echo.
    message('sent', text),
  ])
  const echoed: Moment = [step, 'server', latin('sent', texts.join(''))]
  return [latin('received', read), ...found]
    .map((body): Moment => [step, 'server', body])
    .concat(
      [echoed],
      texts.map((text): Moment => [step, 'client', message('received', text)]),
    )
}

function latin(direction: Direction, text: string): EventBody {
  const payload = Buffer.from(text, 'latin1')
  return { ...bytes(direction, ''), size: payload.length, payload } as EventBody
}

/** Each message is followed by the read that brings it. */
export function wsControl(received: readonly string[] = words): readonly Moment[] {
  return words.flatMap((word, index) => {
    const text = received[index]
    return [...sends(index + 1, word), ...(text === undefined ? [] : receives(index + 1, wire(text), [text]))]
  })
}

/** All messages, then the reads, each with the messages that come out of it. */
export function wsHeld(
  reads: readonly (readonly [string, readonly string[]])[] = [[words.map(wire).join(''), words]],
): readonly Moment[] {
  return [
    [1, 'server', { kind: 'paused' }],
    ...words.flatMap((word, index) => sends(index + 2, word)),
    [7, 'server', { kind: 'resumed' }],
    ...reads.flatMap(([read, texts]) => receives(7, read, texts)),
  ]
}
