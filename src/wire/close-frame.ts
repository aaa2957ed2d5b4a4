import { isUtf8 } from 'node:buffer'
import { describeCloseCode } from './close-code.ts'
import { mostControlBytes, type Violation } from './frame.ts'

/** What a close frame says; 1005 stands for one without a code (RFC 6455 §7.1.5). */
export interface CloseWords {
  readonly code: number
  readonly reason: string
}

const noCode = 1005

/** Reads the payload of a close frame, whatever it says (RFC 6455 §5.5.1). */
export function readClose(payload: Uint8Array): CloseWords {
  if (payload.length < 2) return { code: noCode, reason: '' }
  const code = (payload[0] ?? 0) * 256 + (payload[1] ?? 0)
  return { code, reason: Buffer.from(payload.subarray(2)).toString() }
}

/** What is wrong with the payload of a close frame; nothing where all is well. */
export function checkClose(payload: Uint8Array): Violation | undefined {
  if (payload.length === 0) return undefined
  const section = 'RFC 6455 §5.5.1'
  if (payload.length === 1) {
    const message = 'a close frame of one byte: a code takes two'
    return { code: 'short-close', message, section, closeCode: 1002 }
  }
  const { code } = readClose(payload)
  const { mayTravel, meaning } = describeCloseCode(code)
  if (!mayTravel) {
    const message = `close code ${code}, which must not travel: ${meaning}`
    return { code: 'forbidden-close-code', message, section: 'RFC 6455 §7.4', closeCode: 1002 }
  }
  if (isUtf8(payload.subarray(2))) return undefined
  const message = 'the reason of a close frame is not UTF-8'
  return { code: 'not-utf8', message, section, closeCode: 1007 }
}

/** The payload of a close frame; without a code an empty one. A reason that is too long is cut between characters. */
export function encodeClose(code: number | undefined, reason: string): Uint8Array {
  if (code === undefined) return new Uint8Array()
  const bytes = new Uint8Array(mostControlBytes)
  bytes[0] = code >>> 8
  bytes[1] = code
  const { written } = new TextEncoder().encodeInto(reason, bytes.subarray(2))
  return bytes.subarray(0, 2 + written)
}
